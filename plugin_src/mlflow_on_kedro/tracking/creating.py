"""Creating something in MLflow only once, even if the answer to the request is late or lost.

MLflow has no request that finds or creates. If its client repeats a request that got no answer, a
slow server creates the same thing twice. So a request that creates is sent only once, and this
module remembers whether it was answered. The next attempt looks first for what an earlier request
has created, and afterwards for a duplicate that an earlier request may still create.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from ..utils import client_variables
from .failures import Kind, kind_of

PATIENT_SECONDS = 120
"""How long to wait for the answer where others would see a duplicate."""
_CERTAIN = (
    Kind.BUSY,
    Kind.DENIED,
    Kind.FORBIDDEN,
    Kind.MISSING,
    Kind.GONE,
    Kind.REFUSED,
    Kind.MISTAKE,
)
"""Failures that are certain to have created nothing."""


class _Requests:
    """The requests of this process that create something, and whether they were answered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answered: set[str] = set()
        self.unanswered: set[str] = set()
        self.in_progress = 0


_requests = _Requests()


@contextlib.contextmanager
def creating(what: str, timeout: int | None = None) -> Iterator[None]:
    """In a block, send each request only once, and remember whether it was answered.

    Args:
        what: A unique name for what is created, the same at each attempt.
        timeout: The fewest seconds to wait for an answer. Default: as for other requests.
    """
    try:
        with sent_once(timeout):
            yield
    except BaseException as error:
        if not isinstance(error, Exception) or kind_of(error) not in _CERTAIN:
            _requests.unanswered.add(what)
        raise
    _requests.answered.add(what)


def may_exist(what: str) -> bool:
    """Whether this process has sent a request to create it."""
    return what in _requests.answered or what in _requests.unanswered


def may_exist_twice(what: str) -> bool:
    """Whether a request of this process to create it got no answer, and may still create it."""
    return what in _requests.unanswered


def note_single(what: str) -> None:
    """Note that MLflow has it only once."""
    _requests.unanswered.discard(what)


@contextlib.contextmanager
def sent_once(timeout: int | None) -> Iterator[None]:
    """In a block, make MLflow's client send each request only once.

    The client reads the number of retries from the environment.

    Args:
        timeout: The fewest seconds to wait for an answer; None: as for other requests.
    """
    with _requests.lock:
        client_variables.send_once(timeout)
        _requests.in_progress += 1
    try:
        yield
    finally:
        with _requests.lock:
            _requests.in_progress -= 1
            if _requests.in_progress == 0:
                client_variables.restore_retries()
