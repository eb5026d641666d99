"""What nodes tell a server that stops answering meanwhile: it goes into the run's journal.

MLflow would try again for minutes, and then fail the node. So the store that MLflow keeps for the
server is told to give up after ``tracking.timeout``, for the threads that run nodes alone.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import own_calls, store
from .failures import is_mistake, is_refusal

if TYPE_CHECKING:
    from ..run import TrackedRun

CALLS = ("log_batch", "log_metric", "log_param", "set_tag", "log_inputs", "get_run")
"""What logging a value calls; MLflow 3.1 asks for the run with each metric."""
RETRY_SECONDS = 10.0
"""How long a server that did not answer a node is not asked again by nodes."""


class _Here(threading.local):
    """The runs that this thread is attached to, and whether it speaks for the plugin itself."""

    def __init__(self) -> None:
        self.runs: list[TrackedRun] = []
        self.is_bypassed = False


_here = _Here()
_quiet_until: dict[str, float] = {}


def enter(run: TrackedRun) -> None:
    """Divert what this thread tells the run's server, from now on, while it does not answer."""
    if store.is_remote(run.uri) and run.keeps_journal_here:
        store.say_no_retries()
        _guard(own_calls.registry().get_store(run.uri))
        _here.runs.append(run)


def leave(run: TrackedRun) -> None:
    """Undo :func:`enter`."""
    if run in _here.runs:
        _here.runs.remove(run)


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """Speak to the server directly for the length of a block: the plugin's own deliveries."""
    before, _here.is_bypassed = _here.is_bypassed, True
    try:
        yield
    finally:
        _here.is_bypassed = before


def _guard(kept: Any) -> None:
    if hasattr(kept, "_diverts_for_mlflow_on_kedro"):
        return
    kept._diverts_for_mlflow_on_kedro = True  # noqa: SLF001 - a mark of this module's own
    for name in CALLS:
        real = getattr(kept, name, None)
        if real is not None:
            setattr(kept, name, functools.partial(_call, name, real))


def _call(name: str, real: Callable[..., Any], run_id: str, *args: Any, **named: Any) -> Any:
    runs = [] if _here.is_bypassed else _here.runs
    run = next((run for run in runs if run.opened and run.opened.run_id == run_id), None)
    if run is None:
        return real(run_id, *args, **named)
    if run.is_reachable and time.monotonic() >= _quiet_until.get(run_id, 0.0):
        call = functools.partial(real, run_id, *args, **named)
        answers, outcome = _within(run.config.tracking.timeout, call)
        if answers:
            return outcome
        _quiet_until[run_id] = time.monotonic() + RETRY_SECONDS
    if name == "get_run" and run.opened is not None:
        return own_calls.as_entity(run, run.opened)
    with bypassed():
        return getattr(own_calls.journal_store(run), name)(run_id, *args, **named)


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

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(seconds)
    if failed and (is_refusal(failed[0]) or is_mistake(failed[0])):
        raise failed[0]
    return bool(done), done[0] if done else None
