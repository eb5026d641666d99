"""What nodes log to a server that stops answering meanwhile: it goes into the run's journal.

MLflow would try again for minutes, and then fail the node. So the store that MLflow keeps for the
server is given up after ``tracking.timeout``, for the threads that run nodes alone, and for what a
journal can keep. Anything else waits for the server as long as MLflow itself does.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import run_stack
from ...tracking import store
from ...tracking.open_runs import current, here
from ...utils import environment
from . import kept_registry, node_mlflow_calls, routes
from .attempts import attempt

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

_QUEUE = "MLflowAsyncLoggingLoop"
"""The thread by which MLflow logs values later."""

__all__ = ["follow", "guard", "settle"]


def guard(run: TrackedRun, *, asks_server: bool = True) -> None:
    """Divert what is logged to the run's server, from now on, while it does not answer.

    Args:
        run: The run.
        asks_server: Whether MLflow speaks to the server at all; else to the run's journal.
    """
    if not run.keeps_journal_here:
        return
    is_remote = store.is_remote(run.uri)
    # A local store takes a while to open, and most nodes that import MLflow never need it.
    if asks_server and (is_remote or environment.logs_asynchronously()):
        _guard(node_mlflow_calls.registry().get_store(run.uri))
    if asks_server and is_remote:
        store.say_no_retries()
        if run.opened is not None:
            place = functools.partial(node_mlflow_calls.artifact_folder, run)
            routes.keep_artifacts(run, run.opened.run_id, run.opened.artifact_uri, place)
    if is_remote or not asks_server:
        kept_registry.guard(run.uri if asks_server else node_mlflow_calls.uri_for(run), _register)


def follow(run: TrackedRun) -> None:
    """Keep a run's traces that MLflow does not take, until it ends."""
    if run.journal_id not in routes.followed and not run.in_worker:
        run.at_end(functools.partial(_end, run))
    routes.followed[run.journal_id] = run


def settle(run: TrackedRun) -> None:
    """Wait for what MLflow sends later for the node of this thread, which is about to end."""
    import mlflow

    from . import node_traces

    if run_stack.stack():
        mlflow.flush_artifact_async_logging()
    if run.in_worker:  # which may end with the node, without waiting for other threads
        node_traces.flush()
        if any(thread.name == _QUEUE for thread in threading.enumerate()):
            node_mlflow_calls.registry().get_store().shut_down_async_logging()


def _end(run: TrackedRun) -> None:
    from . import child_runs, node_traces

    node_traces.flush()
    node_mlflow_calls.collect(run, of_all=True)
    child_runs.forget(run)
    routes.followed.pop(run.journal_id, None)


def _guard(kept: Any) -> None:
    if hasattr(kept, "_diverts_for_mlflow_on_kedro"):
        return
    kept._diverts_for_mlflow_on_kedro = True  # noqa: SLF001 - a mark of this module's own
    for name, call in routes.CALLS.items():
        real = getattr(kept, name, None)
        if real is not None and not (call is routes.send_trace and _is_of_old_mlflow(real)):
            setattr(kept, name, functools.partial(_routed, call, name, real))


def _is_of_old_mlflow(start_trace: Callable[..., Any]) -> bool:
    """Whether it is MLflow 3.1's call of that name, which begins a trace."""
    return "trace_info" not in inspect.signature(start_trace).parameters


def _routed(
    call: Callable[..., Any], name: str, real: Callable[..., Any], /, *args: Any, **named: Any
) -> Any:
    if here.is_bypassed:
        return real(*args, **named)
    if call in {routes.send_trace, routes.send_spans}:
        return call(real, *args, **named)
    run = current()
    if run is None:
        return real(*args, **named)
    return call(run, name, real, *args, **named)


# -- the model registry ----------------------------------------------------------------------------


def _register(call: Callable[[], Any], keep: Callable[[TrackedRun], Any], is_kept: bool) -> Any:
    """Register a model; one whose files are kept here is registered when it is delivered."""
    run = current()
    if run is None:
        return call()
    if is_kept or run.is_offline:
        return keep(run)
    return attempt(run, call, functools.partial(keep, run))
