"""The spans of a run's traces: of the pipeline, its nodes, and their loads, runs and saves.

What nodes call is below them, and is made by MLflow: see :mod:`.call_spans`.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..config import trace_options
from ..journal.entries import End, SpanRecord
from ..journal.records import Header
from ..mlflow_internals import tags
from . import trace_ids
from .trace_ids import Place

if TYPE_CHECKING:
    from mlflow.entities import Span

_SPAN_TYPES = {"load": "TOOL", "run": "TASK", "save": "TOOL"}
_NOT_ENDED = "it had not ended when the pipeline did"
ROOT_NAME = "kedro run"


@dataclass(frozen=True)
class TraceSpans:
    """What the timings of a run give for one of its traces.

    Attributes:
        trace_id: The trace's id.
        name: Its name.
        spans: Its spans, the root first.
    """

    trace_id: str
    name: str
    spans: list[Span]

    @property
    def root(self) -> Span:
        """The span that has no parent."""
        return self.spans[0]


def make_traces(header: Header, parts: Iterable[SpanRecord], end: End | None) -> list[TraceSpans]:
    """Make the spans; a node's lasts from its first load to its last save.

    Args:
        header: The header of the run's journal.
        parts: The timings of the run's nodes, loads and saves.
        end: The pipeline's end; None: it is running.
    """
    unique = list(dict.fromkeys(parts))
    pipeline = pipelines_part(unique)
    nodes: dict[str, list[SpanRecord]] = {}
    for part in _ended([part for part in unique if part.node], pipeline, end):
        nodes.setdefault(part.node, []).append(part)
    made = {node: list(_node(header, node, done)) for node, done in nodes.items()}
    if header.trace_per == "node":
        return [
            TraceSpans(trace_ids.trace_id(header.journal, node), node, spans)
            for node, spans in made.items()
        ]
    root = _root(header, pipeline, end)
    spans = [root, *(span for of_node in made.values() for span in of_node)]
    return [TraceSpans(trace_ids.trace_id(header.journal), ROOT_NAME, spans)]


def _root(header: Header, pipeline: SpanRecord | None, end: End | None) -> Span:
    failed = end is not None and end.status != "FINISHED"
    return _span(
        header,
        "",
        (),
        ROOT_NAME,
        "WORKFLOW",
        header.start_ms * 1e-3,
        end_ms(pipeline, end) * 1e-3 if end is not None else 0.0,
        error=(pipeline.error if pipeline else "") or (end.status if end and failed else ""),
        traceback=pipeline.trace if pipeline else "",
        attributes={"kedro.run_id": header.kedro_run_id, "kedro.experiment": header.experiment},
    )


def _node(header: Header, node: str, parts: list[SpanRecord]) -> Iterator[Span]:
    """Make the span of a node, and those of its loads, runs and saves."""
    failed = next((part for part in parts if part.error), None)
    is_root = header.trace_per == "node"
    of_trace = node if is_root else ""
    yield _span(
        header,
        of_trace,
        (node,),
        node,
        "CHAIN",
        min(part.start for part in parts),
        max(part.end for part in parts) if all(part.end for part in parts) else 0.0,
        parent=None if is_root else (),
        error=failed.error if failed else "",
        traceback=failed.trace if failed else "",
        attributes={
            "kedro.node": node,
            tags.SPAN_INPUTS: _datasets(parts, "load"),
            tags.SPAN_OUTPUTS: _datasets(parts, "save"),
        },
    )
    if header.trace_detail != trace_options.ALL:
        return
    seen: Counter[tuple[str, str]] = Counter()
    for part in sorted(parts, key=lambda part: part.start):
        is_run = part.what == "run"
        seen[part.what, part.name] += 1  # a generator node saves a dataset several times
        number = seen[part.what, part.name]
        yield _span(
            header,
            of_trace,
            trace_ids.function_place(node, number)
            if is_run
            else (node, part.what, part.name, str(number)),
            node if is_run else f"{part.what} {part.name}",
            _SPAN_TYPES.get(part.what, "UNKNOWN"),
            part.start,
            part.end,
            parent=(node,),
            error=part.error,
            traceback=part.trace,
            attributes={"kedro.node": node, **({} if is_run else {"kedro.dataset": part.name})},
        )


def parent_of_calls(journal: str, node: str, detail: str) -> str:
    """Return the id of the span below which what a node calls belongs.

    Args:
        journal: The id of the run's journal.
        node: The node's name.
        detail: How much of the run the trace has.
    """
    is_all = detail == trace_options.ALL
    return trace_ids.span_id(journal, trace_ids.function_place(node) if is_all else (node,))


def pipelines_part(parts: Iterable[SpanRecord]) -> SpanRecord | None:
    """Return the timing of the pipeline itself; None of one that was killed."""
    return next((part for part in parts if not part.node), None)


def end_ms(pipeline: SpanRecord | None, end: End) -> float:
    """Return when the pipeline ended, in milliseconds; of one that was killed, when its run did."""
    return pipeline.end * 1000 if pipeline is not None else end.time


def _ended(
    parts: list[SpanRecord], pipeline: SpanRecord | None, end: End | None
) -> list[SpanRecord]:
    """Return the timings that have an end, and the others with the pipeline's end as theirs."""
    ended = [part for part in parts if part.end]
    starts = {(part.what, part.node, part.name, part.start) for part in ended}
    open_ = [
        part
        for part in parts
        if not part.end and (part.what, part.node, part.name, part.start) not in starts
    ]
    if end is None:
        return ended + open_
    error, trace = ("", "") if end.status == "FINISHED" else (f"{end.status}: {_NOT_ENDED}", "")
    if pipeline and pipeline.error and len(open_) == 1 and not any(part.error for part in ended):
        error, trace = pipeline.error, pipeline.trace  # no other part can have failed
    return ended + [
        replace(part, end=max(part.start, end.time * 1e-3), error=error, trace=trace)
        for part in open_
    ]


def _datasets(parts: Iterable[SpanRecord], what: str) -> dict[str, list[str]]:
    return {"datasets": sorted({part.name for part in parts if part.what == what})}


def _span(
    header: Header,
    of_trace: str,
    place: Place,
    name: str,
    span_type: str,
    start: float,
    end: float,
    *,
    parent: Place | None = None,
    error: str = "",
    traceback: str = "",
    attributes: Mapping[str, Any],
) -> Span:
    """Make one span; times are in seconds since the epoch.

    An end of 0 is none yet. The span then lasts until now, because MLflow's UI has no length for a
    span without an end.
    """
    from mlflow.entities import Span
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status, StatusCode

    end_ns = round(max(start, end or time.time()) * 1e9)
    events = []
    if error:
        kind, _, message = error.partition(": ")
        raised = {"exception.type": kind, "exception.message": message}
        events = [Event("exception", {**raised, "exception.stacktrace": traceback}, end_ns)]
    trace = trace_ids.trace_id(header.journal, of_trace)
    own = {tags.SPAN_TRACE_ID: trace, tags.SPAN_TYPE: span_type}
    status = Status(StatusCode.ERROR, error) if error else Status(StatusCode.OK)
    return Span(
        ReadableSpan(
            name=name,
            context=_context(header, trace, place),
            parent=None if parent is None else _context(header, trace, parent),
            start_time=round(start * 1e9),
            end_time=end_ns,
            attributes={key: json.dumps(value) for key, value in {**own, **attributes}.items()},
            status=status if end or error else Status(StatusCode.UNSET),
            events=events,
            resource=Resource.get_empty(),
        )
    )


def _context(header: Header, trace: str, place: Place) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    span = trace_ids.span_id(header.journal, place)
    flags = TraceFlags(TraceFlags.SAMPLED)
    trace_number = int(trace.removeprefix("tr-"), 16)
    return SpanContext(trace_number, int(span, 16), is_remote=False, trace_flags=flags)
