"""Spans that nodes make with MLflow, as of calls of language models: into the pipeline's trace.

A span belongs below the node that its thread works for, in whatever process. When it has ended it
becomes an entry of the run's journal, and is delivered like all else. See
:mod:`mlflow_on_kedro.mlflow_internals.span_processor` for how MLflow is asked.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from ...config import trace_options
from ...journal.node_files import TRACE_ATTACHMENTS
from ...mlflow_internals import span_processor
from ...observability import call_spans, llm_usage, trace_ids, trace_notes, trace_spans
from ...tracking import open_runs
from ...utils.clock import now_ms
from .placeholder_run import placeholder

if TYPE_CHECKING:
    from mlflow.entities import Span

    from ...journal.entries import CallSpan, TraceNotes
    from ...tracking.tracked_run import TrackedRun

_runs: dict[str, TrackedRun] = {}
"""The runs that the traces of this process belong to, by the traces' ids."""
_logged_notes: dict[str, TraceNotes] = {}
"""What was logged last of what nodes have said of a trace."""
_usage: dict[str, list[CallSpan]] = {}
"""The spans of nodes that ran without a journal, without their content."""

_MOST_TRACES = 1000
"""How many traces a cluster's worker, which outlives runs, knows at once."""


def are_wanted(run: TrackedRun) -> bool:
    """Whether what a run's nodes call belongs into the run's trace."""
    return trace_options.has_calls(run.config.trace)


def install(run: TrackedRun) -> None:
    """Have MLflow, which is imported, put what nodes of a run call below their spans."""
    if are_wanted(run):
        span_processor.install(_find_parent, _log_ended)


def _find_parent() -> span_processor.Parent | None:
    """Return the span of the node that this thread works for."""
    node = open_runs.node_at_work()
    if node is None or not node.name or not are_wanted(node.run):
        return None
    whole = node.run.whole
    if not whole.journal_id:  # somebody else has started the run, and it has no trace of its own
        return None
    trace = _trace_of(whole, node.name)
    if trace not in _runs:
        _runs[trace] = whole
        whole.at_end(functools.partial(_forget, trace))  # in a worker never called
        while len(_runs) > _MOST_TRACES:
            _forget(next(iter(_runs)))
    opened = whole.opened or placeholder(whole)
    detail = trace_options.detail_of(whole.config.trace)
    span = trace_spans.parent_of_calls(whole.journal_id, node.name, detail)
    return span_processor.Parent(trace, span, opened.experiment_id, opened.run_id)


def _trace_of(run: TrackedRun, node: str) -> str:
    return trace_ids.trace_id(run.journal_id, node if run.config.trace_per == "node" else "")


def _log_ended(span: Span, attachments: dict[str, bytes]) -> bool:
    """Log a span that has ended, if it is in the trace of a run that has not."""
    run = _runs.get(span.trace_id)
    if run is None:
        return False
    entry = call_spans.to_entry(span)
    run.log_entry(entry)
    journal = run.local_journal
    if journal is None:  # on a cluster's worker, whose spans delivery does not see
        _usage.setdefault(span.trace_id, []).append(replace(entry, content=""))
    elif attachments:
        folder = journal.folder / TRACE_ATTACHMENTS / span.trace_id
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in attachments.items():
            (folder / name).write_bytes(content)
    return True


def end_node(run: TrackedRun, node: str) -> None:
    """Log what a node has said of its trace, and where there is no journal, its tokens and cost.

    Args:
        run: The node's run.
        node: The node.
    """
    whole = run.whole
    trace = _trace_of(whole, node)
    if trace not in _runs:
        return
    info = span_processor.info_of(trace)
    notes = trace_notes.of_info(info) if info is not None else None
    if notes is not None and notes != _logged_notes.get(trace):
        _logged_notes[trace] = notes
        whole.log_entry(notes)
    place = trace_spans.parent_of_calls(
        whole.journal_id, node, trace_options.detail_of(whole.config.trace)
    )
    spans = _usage.get(trace, [])
    of_node = llm_usage.sums(spans, {place: node}).get(node)
    for metric in llm_usage.metrics_of_node(node, of_node, now_ms()) if of_node else ():
        whole.log_entry(metric)


def _forget(trace: str) -> None:
    for known in (_runs, _logged_notes, _usage):
        known.pop(trace, None)
    span_processor.forget(trace)
