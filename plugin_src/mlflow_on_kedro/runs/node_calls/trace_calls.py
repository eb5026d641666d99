"""Calls of MLflow's tracking store about traces, which MLflow makes from threads of its own.

So the run is found by the trace, and not by the thread as for :mod:`.store_calls`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...mlflow_internals.tags import TRACE_RUN
from ...tracking import store
from . import journal_uri, placeholder_run
from .server_call import call_server

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

open_runs: dict[str, TrackedRun] = {}
"""The runs of this process that have not ended, by the id of their journal."""
_in_journal: set[str] = set()
"""The ids of traces of which a part did not reach the server: the journal takes all of it."""


def send_trace(to_server: Callable[..., Any], trace_info: Any) -> Any:
    """Send a trace that has ended."""
    run_id = trace_info.trace_metadata.get(TRACE_RUN)
    run = _pipelines_run(run_id)
    if run is None:
        return to_server(trace_info)
    journal = journal_uri.journal_store(run)
    to_journal = functools.partial(journal.start_trace, trace_info)
    if journal.has(run_id) or trace_info.trace_id in _in_journal:
        _in_journal.discard(trace_info.trace_id)
        return to_journal()
    # A copy, because MLflow's method adds tags that the journal's must not have.
    return call_server(run, functools.partial(to_server, replace(trace_info)), to_journal)


def send_spans(to_server: Callable[..., Any], location: str, spans: list[Any], **named: Any) -> Any:
    """Send spans of an open trace; if they do not arrive, the journal gets the whole trace."""
    runs = list(open_runs.values())
    run = next((run for run in runs if store.is_remote(run.uri)), None)
    if run is None:
        return to_server(location, spans, **named)
    if any(
        run.opened is None and placeholder_run.is_pipelines_experiment(run, location)
        for run in runs
    ):
        raise NotImplementedError("the experiment is not known yet")
    trace_ids = {span.trace_id for span in spans}

    def to_journal() -> Any:
        _in_journal.update(trace_ids)
        return spans

    if trace_ids & _in_journal:
        return to_journal()
    return call_server(run, functools.partial(to_server, location, spans, **named), to_journal)


def _pipelines_run(run_id: str | None) -> TrackedRun | None:
    """Return the pipeline's run that a trace's run is, or is a child of."""
    if run_id is None:
        return None
    for run in list(open_runs.values()):
        is_pipelines = placeholder_run.is_pipelines_run(run, run_id)
        if is_pipelines or journal_uri.journal_store(run).has(run_id):
            return run
    return None
