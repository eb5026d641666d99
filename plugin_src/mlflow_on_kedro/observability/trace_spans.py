"""The spans of a run's trace: of the pipeline, its nodes, and their loads, runs and saves."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..journal.entries import End, SpanRecord
from ..journal.records import Header
from ..mlflow_internals import tags

if TYPE_CHECKING:
    from mlflow.entities import Span

_SPAN_TYPES = {"load": "TOOL", "run": "TASK", "save": "TOOL"}
_NOT_ENDED = "it had not ended when the pipeline did"

Place = tuple[str, ...]
"""Where a span is in the trace, from which its id is derived: () for the pipeline's."""


def trace_id(header: Header) -> str:
    """Return the id of a run's trace."""
    return f"tr-{_hex(header, 'trace', 32)}"


def make_spans(header: Header, parts: Iterable[SpanRecord], end: End) -> list[Span]:
    """Make the spans; a node's lasts from its first load to its last save.

    Args:
        header: The header of the run's journal.
        parts: The timings of the run's nodes, loads and saves.
        end: The pipeline's end.
    """
    unique = list(dict.fromkeys(parts))
    pipeline = pipelines_part(unique)
    failed = end.status != "FINISHED"
    nodes: dict[str, list[SpanRecord]] = {}
    for part in _ended([part for part in unique if part.node], pipeline, end):
        nodes.setdefault(part.node, []).append(part)
    root = _span(
        header,
        (),
        "kedro run",
        "WORKFLOW",
        header.start_ms * 1e-3,
        end_ms(pipeline, end) * 1e-3,
        error=(pipeline.error if pipeline else "") or (end.status if failed else ""),
        traceback=pipeline.trace if pipeline else "",
        attributes={"kedro.run_id": header.kedro_run_id, "kedro.experiment": header.experiment},
    )
    return [root, *(span for node, done in nodes.items() for span in _node(header, node, done))]


def _node(header: Header, node: str, parts: list[SpanRecord]) -> Iterator[Span]:
    """Make the span of a node, and those of its loads, runs and saves."""
    failed = next((part for part in parts if part.error), None)
    yield _span(
        header,
        (node,),
        node,
        "CHAIN",
        min(part.start for part in parts),
        max(part.end for part in parts),
        parent=(),
        error=failed.error if failed else "",
        traceback=failed.trace if failed else "",
        attributes={
            "kedro.node": node,
            tags.SPAN_INPUTS: _datasets(parts, "load"),
            tags.SPAN_OUTPUTS: _datasets(parts, "save"),
        },
    )
    seen: Counter[tuple[str, str]] = Counter()
    for part in sorted(parts, key=lambda part: part.start):
        is_run = part.what == "run"
        seen[part.what, part.name] += 1  # a generator node saves a dataset several times
        yield _span(
            header,
            (node, part.what, part.name, str(seen[part.what, part.name])),
            node if is_run else f"{part.what} {part.name}",
            _SPAN_TYPES.get(part.what, "UNKNOWN"),
            part.start,
            part.end,
            parent=(node,),
            error=part.error,
            traceback=part.trace,
            attributes={"kedro.node": node, **({} if is_run else {"kedro.dataset": part.name})},
        )


def pipelines_part(parts: Iterable[SpanRecord]) -> SpanRecord | None:
    """Return the timing of the pipeline itself; None of one that was killed."""
    return next((part for part in parts if not part.node), None)


def end_ms(pipeline: SpanRecord | None, end: End) -> float:
    """Return when the pipeline ended, in milliseconds; of one that was killed, when its run did."""
    return pipeline.end * 1000 if pipeline is not None else end.time


def _ended(parts: list[SpanRecord], pipeline: SpanRecord | None, end: End) -> list[SpanRecord]:
    """Return the timings that have an end, and the others with the pipeline's end as theirs."""
    ended = [part for part in parts if part.end]
    starts = {(part.what, part.node, part.name, part.start) for part in ended}
    open_ = [
        part
        for part in parts
        if not part.end and (part.what, part.node, part.name, part.start) not in starts
    ]
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
    """Make one span; times are in seconds since the epoch."""
    from mlflow.entities import Span
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status, StatusCode

    end_ns = round(max(start, end) * 1e9)
    events = []
    if error:
        kind, _, message = error.partition(": ")
        raised = {"exception.type": kind, "exception.message": message}
        events = [Event("exception", {**raised, "exception.stacktrace": traceback}, end_ns)]
    own = {tags.SPAN_TRACE_ID: trace_id(header), tags.SPAN_TYPE: span_type}
    return Span(
        ReadableSpan(
            name=name,
            context=_context(header, place),
            parent=None if parent is None else _context(header, parent),
            start_time=round(start * 1e9),
            end_time=end_ns,
            attributes={key: json.dumps(value) for key, value in {**own, **attributes}.items()},
            status=Status(StatusCode.ERROR, error) if error else Status(StatusCode.OK),
            events=events,
            resource=Resource.get_empty(),
        )
    )


def _context(header: Header, place: Place) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    trace, span = _hex(header, "trace", 32), _hex(header, json.dumps(place), 16)
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=flags)


def _hex(header: Header, what: str, length: int) -> str:
    return hashlib.sha256(f"{header.journal} {what}".encode()).hexdigest()[:length]
