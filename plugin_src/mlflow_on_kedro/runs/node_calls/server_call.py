"""Calling the tracking server for a node, with the journal to fall back to.

MLflow's own client would try a server that does not answer for minutes, and then fail the node.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...tracking import store
from ...tracking.failures import is_mistake, is_refusal
from ...tracking.own_calls import OWN_THREADS, bypassed

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

FIRST_ANSWER_SECONDS = 60.0
"""How long a node waits for a server that has not answered anybody yet: it may be starting."""
RETRY_SECONDS = 10.0
"""How long nodes do not call a server again that did not answer one."""
LEAST_BYTES_A_SECOND = 1_000_000
"""An upload that is slower counts as no answer."""

_do_not_call_until: dict[str, float] = {}


def call_server(
    run: TrackedRun,
    call: Callable[[], Any],
    fallback: Callable[[], Any],
    *,
    upload_bytes: int = 0,
    first_answer_seconds: float | None = None,
) -> Any:
    """Call a server; if it does not answer in ``tracking.timeout`` seconds, call the fallback.

    Args:
        run: The run that the node belongs to.
        call: Calls the server.
        fallback: Does what can be done without the server.
        upload_bytes: What is uploaded, for which the call may take longer.
        first_answer_seconds: How long to wait for a server that has not answered anybody yet.
            Default: :data:`FIRST_ANSWER_SECONDS`.

    Raises:
        Exception: The server answers, and refuses.
    """
    if not store.is_remote(run.uri):
        return call()
    has_answered = run.opened is not None
    may_answer = run.is_reachable if has_answered else True
    if may_answer and time.monotonic() >= _do_not_call_until.get(run.uri, 0.0):
        first = FIRST_ANSWER_SECONDS if first_answer_seconds is None else first_answer_seconds
        timeout = run.config.tracking.timeout if has_answered else first
        answered, answer = _call_within(timeout + upload_bytes / LEAST_BYTES_A_SECOND, call)
        if answered:
            return answer
        _do_not_call_until[run.uri] = time.monotonic() + RETRY_SECONDS
    with bypassed():
        return fallback()


def _call_within(seconds: float, call: Callable[[], Any]) -> tuple[bool, Any]:
    """Call a server; return whether it has answered, and its answer.

    A call that takes longer goes on in its thread: a value that is logged twice is in MLflow once.

    Raises:
        Exception: The server answers, and refuses.
    """
    answers: list[Any] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(call())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run,
        args=(run,),
        name=f"{OWN_THREADS}request",
        daemon=True,
    )
    thread.start()
    thread.join(seconds)
    if errors and (is_refusal(errors[0]) or is_mistake(errors[0])):
        raise errors[0]
    return bool(answers), answers[0] if answers else None
