"""Creating something in MLflow once, though a request may get no answer, or a late one.

MLflow has no request that finds or creates, and its client sends a request again that gets no
answer: a server that was merely slow, or whose answer was lost, then creates twins. So a request
that creates is sent once only, and whether it was answered is remembered. Who sends it again looks
first for what an earlier one has made, and afterwards for a twin that an earlier one still makes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from ..utils import client_variables
from .failures import Kind, kind_of

PATIENT_SECONDS = 120
"""How long the answer is waited for where a twin would be seen by others."""
_CERTAIN = (
    Kind.BUSY,
    Kind.DENIED,
    Kind.FORBIDDEN,
    Kind.MISSING,
    Kind.GONE,
    Kind.REFUSED,
    Kind.MISTAKE,
)
"""Failures after which nothing was created."""


class _Requests:
    """What this process has asked MLflow to create, and what became of it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answered: set[str] = set()
        self.unanswered: set[str] = set()
        self.in_progress = 0


_requests = _Requests()


@contextlib.contextmanager
def creating(what: str, timeout: int | None = None) -> Iterator[None]:
    """Have the requests of a block sent once each, and remember whether they were answered.

    Args:
        what: Names what is created: the same at each try, and different from all else.
        timeout: Seconds that an answer is waited for at least; None: as otherwise.
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
    """Whether this process has asked for it, so that it may be there."""
    return what in _requests.answered or what in _requests.unanswered


def may_exist_twice(what: str) -> bool:
    """Whether this process has asked for it and got no answer: it may yet be created."""
    return what in _requests.unanswered


def note_single(what: str) -> None:
    """Note that there is one of it and no other, as far as MLflow knows."""
    _requests.unanswered.discard(what)


@contextlib.contextmanager
def sent_once(timeout: int | None) -> Iterator[None]:
    """Have MLflow's client send the requests of a block once each.

    It takes the number of retries from the environment of the process.

    Args:
        timeout: Seconds that an answer is waited for at least; None: as otherwise.
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
