"""Calling a server for a node: for as long as it may take, and what to do instead.

Only ``tracking.timeout`` seconds without an answer count, and a server of which nobody has heard
yet may be starting. What is said for the plugin's own deliveries passes all of this by.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...tracking import store
from ...tracking.failures import is_mistake, is_refusal
from ...tracking.open_runs import OWN_THREADS, bypassed

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

FIRST_ANSWER_SECONDS = 60.0
"""How long a node waits for a server that nobody has heard of yet: it may be starting."""
RETRY_SECONDS = 10.0
"""How long a server that did not answer a node is not asked again by nodes."""
LEAST_BYTES_A_SECOND = 1_000_000
"""An upload that is slower than this is taken for one that hangs."""


_quiet_until: dict[str, float] = {}


def attempt(
    run: TrackedRun, call: Callable[[], Any], keep: Callable[[], Any], *, seconds: float = 0.0
) -> Any:
    """Call a server, and keep what is said where it does not answer.

    Args:
        run: The run that the node belongs to.
        call: Calls the server.
        keep: Does instead what can be done here.
        seconds: How much longer than ``tracking.timeout`` an answer may take.

    Raises:
        Exception: The server answers, and refuses.
    """
    if not store.is_remote(run.uri):
        return call()
    is_known = run.opened is not None
    is_asked = run.is_reachable if is_known else True
    if is_asked and time.monotonic() >= _quiet_until.get(run.uri, 0.0):
        patience = run.config.tracking.timeout if is_known else FIRST_ANSWER_SECONDS
        answers, outcome = _within(patience + seconds, call)
        if answers:
            return outcome
        _quiet_until[run.uri] = time.monotonic() + RETRY_SECONDS
    with bypassed():
        return keep()


def _within(seconds: float, call: Callable[[], Any]) -> tuple[bool, Any]:
    """Call a server, and say whether it answers.

    A call that takes longer goes on; what it says twice MLflow has once.

    Raises:
        Exception: The server answers, and refuses.
    """
    done: list[Any] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(call())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run,
        args=(run,),
        name=f"{OWN_THREADS}request",
        daemon=True,
    )
    thread.start()
    thread.join(seconds)
    if failed and (is_refusal(failed[0]) or is_mistake(failed[0])):
        raise failed[0]
    return bool(done), done[0] if done else None
