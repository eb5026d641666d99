"""Putting the journal beside the server: what a node logs goes there while the server is away.

MLflow has one store for each tracking URI, used by all threads. Its methods are replaced, for the
calls that a journal can take and for threads that belong to a pipeline's run; all other calls wait
for the server as long as MLflow itself does.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import store_registries
from ...mlflow_internals.replaced_functions import replace_method
from ...tracking import open_runs, own_calls, store
from . import (
    journal_uri,
    model_calls,
    node_end,
    placeholder_run,
    registry_fallback,
    store_calls,
    trace_calls,
)
from .artifact_diversion import divert_artifacts
from .store_calls import StoreCall

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

CALLS: dict[str, Callable[..., Any]] = {
    "log_batch": store_calls.log_or_get,
    "log_metric": store_calls.log_or_get,
    "log_param": store_calls.log_or_get,
    "set_tag": store_calls.log_or_get,
    "log_inputs": store_calls.log_or_get,
    "get_run": store_calls.log_or_get,
    "update_run_info": store_calls.update_run,
    "create_run": store_calls.create_run,
    "create_logged_model": model_calls.create_model,
    "get_logged_model": model_calls.change_or_get_model,
    "finalize_logged_model": model_calls.change_or_get_model,
    "log_logged_model_params": model_calls.change_or_get_model,
    "set_logged_model_tags": model_calls.change_or_get_model,
    "log_outputs": model_calls.log_outputs,
}
"""What replaces each method of MLflow's store for a server."""
ASYNCHRONOUS_CALLS: dict[str, Callable[..., Any]] = {
    "log_batch_async": store_calls.log_later,
    "flush_async_logging": store_calls.finish_logging,
}
"""What replaces the methods to which MLflow's other asynchronous calls come."""
TRACE_CALLS: dict[str, Callable[..., Any]] = {
    "start_trace": trace_calls.send_trace,
    "log_spans": trace_calls.send_spans,
}


def install(run: TrackedRun, *, uses_server: bool = True) -> None:
    """Have what nodes log with MLflow go to a run's journal while the run's server is away.

    Args:
        run: The pipeline's run.
        uses_server: Whether MLflow calls the server; else it has the journal alone.
    """
    if run.local_journal is None:
        return
    is_remote = store.is_remote(run.uri)
    if uses_server:
        _replace_asynchronous_logging()
    if uses_server and is_remote:
        _replace_methods(store_registries.tracking_store(run.uri))
        store.hide_retries()
        if run.opened is not None:
            folder = functools.partial(placeholder_run.artifact_folder, run)
            divert_artifacts(run, run.opened.run_id, run.opened.artifact_uri, folder)
    if is_remote or not uses_server:
        registry_fallback.install(run.uri if uses_server else journal_uri.journal_uri(run))


def follow_traces(run: TrackedRun) -> None:
    """Until a run ends, take the traces of its nodes that MLflow cannot send."""
    if run.journal_id not in trace_calls.open_runs and not run.in_worker:
        run.at_end(functools.partial(_end, run))
    trace_calls.open_runs[run.journal_id] = run


def _end(run: TrackedRun) -> None:
    node_end.collect_all(run)
    trace_calls.open_runs.pop(run.journal_id, None)


def _replace_asynchronous_logging() -> None:
    """Have asynchronous logging use the journal, for a server and for a store on disk.

    The class is changed, not a store: one on disk takes a while to open, which most nodes that
    import MLflow never need.
    """
    from ...mlflow_internals.store_classes import AbstractStore

    for name, call in ASYNCHRONOUS_CALLS.items():
        replace_method(AbstractStore, name, functools.partial(_with_journal, name, call))


def _replace_methods(server: Any) -> None:
    for name, call in CALLS.items():
        replace_method(server, name, functools.partial(_with_journal, name, call))
    for name, call in TRACE_CALLS.items():
        replace_method(server, name, functools.partial(_with_journal_for_trace, call))


def _with_journal(
    name: str, call: Callable[..., Any], to_server: Callable[..., Any]
) -> Callable[..., Any]:
    def method(*args: Any, **named: Any) -> Any:
        run = open_runs.current()
        if run is None:
            return to_server(*args, **named)
        return call(StoreCall(run, name, to_server), *args, **named)

    return method


def _with_journal_for_trace(
    call: Callable[..., Any], to_server: Callable[..., Any]
) -> Callable[..., Any]:
    # MLflow 3.1 has another call of that name, from before a trace has spans.
    is_other = (
        call is trace_calls.send_trace
        and "trace_info" not in inspect.signature(to_server).parameters
    )

    def method(*args: Any, **named: Any) -> Any:
        if is_other or own_calls.are_bypassed():
            return to_server(*args, **named)
        return call(to_server, *args, **named)

    return method
