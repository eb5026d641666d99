"""A run as one MLflow trace: a span for the pipeline, below it its nodes, below those their parts.

MLflow's tracer sends traces from a thread of its own, and forgets what it cannot send. So spans are
written into the run's journal, and the trace is made of them when the run's end is delivered. All
ids follow from the journal's, so that a trace that is delivered twice is there once.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..config.sections import Config
from ..errors import ConfigError
from ..journal.entries import End, Part
from ..journal.records import Header, Opened
from ..utils import mlflow_version
from . import trace_upload

if TYPE_CHECKING:
    from mlflow.entities import Span, TraceInfo

LEAST_MLFLOW = (3, 10)
"""The first MLflow with which traces are tested."""
_SPAN_TYPES = {"load": "TOOL", "run": "TASK", "save": "TOOL"}
_NOT_ENDED = "it had not ended when the pipeline did"


def check(config: Config) -> None:
    """Find, before a run is opened, that it could not become a trace.

    Raises:
        ConfigError: MLflow is too old, or nothing is timed.
    """
    installed = mlflow_version.mlflow_version()
    if mlflow_version.major_minor(installed) < LEAST_MLFLOW:
        least = ".".join(map(str, LEAST_MLFLOW))
        raise ConfigError(
            f"mlflow.yml: 'trace: true' needs MLflow {least} or later, and {installed} is "
            f'installed: run `pip install "mlflow>={least}"`, or take it out.'
        )
    if not config.time.enabled:
        raise ConfigError(
            "mlflow.yml: 'trace: true' needs the timings, of which it is made: take out "
            "'time.enabled: false'."
        )


def deliver(
    uri: str,
    header: Header,
    opened: Opened,
    parts: Collection[Part],
    end: End,
) -> None:
    """Send the trace of a run.

    Args:
        uri: The tracking URI.
        header: What the run is.
        opened: The run in MLflow.
        parts: What the run's nodes have done.
        end: How the pipeline has ended.

    Raises:
        Exception: MLflow cannot be reached, or refuses the trace.
    """
    spans = make_spans(header, parts, end)
    info = make_info(header, opened, end, _whole(parts))
    trace_upload.upload(uri, info, spans)


def trace_id(header: Header) -> str:
    """The id of a run's trace."""
    return f"tr-{_hex(header, 'trace', 32)}"


def make_info(header: Header, opened: Opened, end: End, whole: Part | None) -> TraceInfo:
    """Say what the trace is."""
    from mlflow.entities import TraceInfo, TraceLocation, TraceState

    return TraceInfo(
        trace_id=trace_id(header),
        trace_location=TraceLocation.from_experiment_id(opened.experiment_id),
        request_time=header.start_ms,
        state=TraceState.OK if end.status == "FINISHED" else TraceState.ERROR,
        execution_duration=max(0, round(_end_ms(whole, end)) - header.start_ms),
        request_preview=opened.name,
        trace_metadata={"mlflow.sourceRun": opened.run_id},
        tags={"mlflow.traceName": "kedro run"},
    )


def make_spans(header: Header, parts: Iterable[Part], end: End) -> list[Span]:
    """Make the spans: a node's lasts from its first load to its last save.

    Args:
        header: What the run is.
        parts: What the run's nodes have done.
        end: How the pipeline has ended.
    """
    make = _Spans(header)
    told = list(dict.fromkeys(parts))
    whole = _whole(told)
    failed = end.status != "FINISHED"
    error = (whole.error if whole else "") or (end.status if failed else "")
    trace = whole.trace if whole else ""
    nodes: dict[str, list[Part]] = {}
    for part in _ended([part for part in told if part.node], whole, end):
        nodes.setdefault(part.node, []).append(part)
    root = make.span(
        "kedro run",
        (),
        "WORKFLOW",
        header.start_ms * 1e-3,
        _end_ms(whole, end) * 1e-3,
        error=error,
        trace=trace,
        attributes={"kedro.run_id": header.kedro_run_id, "kedro.experiment": header.experiment},
    )
    spans = [root]
    for node, done in nodes.items():
        first, last = min(part.start for part in done), max(part.end for part in done)
        broken = next((part for part in done if part.error), None)
        spans.append(
            make.span(
                node,
                (node,),
                "CHAIN",
                first,
                last,
                parent=(),
                error=broken.error if broken else "",
                trace=broken.trace if broken else "",
                attributes={
                    "kedro.node": node,
                    "mlflow.spanInputs": _names(done, "load"),
                    "mlflow.spanOutputs": _names(done, "save"),
                },
            )
        )
        seen: Counter[tuple[str, str]] = Counter()
        for part in sorted(done, key=lambda part: part.start):
            name = node if part.what == "run" else f"{part.what} {part.name}"
            seen[part.what, part.name] += 1  # a generator saves a dataset several times
            spans.append(
                make.span(
                    name,
                    (node, part.what, part.name, str(seen[part.what, part.name])),
                    _SPAN_TYPES.get(part.what, "UNKNOWN"),
                    part.start,
                    part.end,
                    parent=(node,),
                    error=part.error,
                    trace=part.trace,
                    attributes={
                        "kedro.node": node,
                        **({} if part.what == "run" else {"kedro.dataset": part.name}),
                    },
                )
            )
    return spans


def _whole(parts: Iterable[Part]) -> Part | None:
    """The part that is the pipeline itself; None of one that was killed."""
    return next((part for part in parts if not part.node), None)


def _end_ms(whole: Part | None, end: End) -> float:
    """When the pipeline ended, without what tracking did afterwards; of a killed one the run."""
    return whole.end * 1000 if whole is not None else end.time


def _ended(parts: list[Part], whole: Part | None, end: End) -> list[Part]:
    """The parts that have ended, and those that have not, with the pipeline's end as theirs."""
    ended = [part for part in parts if part.end]
    places = {replace(part, end=0.0, error="", trace="") for part in ended}
    open_ = [part for part in parts if not part.end and part not in places]
    error, trace = ("", "") if end.status == "FINISHED" else (f"{end.status}: {_NOT_ENDED}", "")
    if whole and whole.error and len(open_) == 1 and not any(part.error for part in ended):
        error, trace = whole.error, whole.trace  # no other can have failed
    return ended + [
        replace(part, end=max(part.start, end.time * 1e-3), error=error, trace=trace)
        for part in open_
    ]


def _names(parts: Iterable[Part], what: str) -> dict[str, list[str]]:
    return {"datasets": sorted({part.name for part in parts if part.what == what})}


class _Spans:
    def __init__(self, header: Header) -> None:
        self._header = header

    def span(
        self,
        name: str,
        place: tuple[str, ...],
        span_type: str,
        start: float,
        end: float,
        *,
        parent: tuple[str, ...] | None = None,
        error: str = "",
        trace: str = "",
        attributes: Mapping[str, Any] | None = None,
    ) -> Span:
        """Make one span; its id follows from its place."""
        from mlflow.entities import Span
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import Event, ReadableSpan
        from opentelemetry.trace import Status, StatusCode

        end_ns = round(max(start, end) * 1e9)
        events = []
        if error:
            kind, _, message = error.partition(": ")
            raised = {"exception.type": kind, "exception.message": message}
            events = [Event("exception", {**raised, "exception.stacktrace": trace}, end_ns)]
        told = {"mlflow.traceRequestId": trace_id(self._header), "mlflow.spanType": span_type}
        return Span(
            ReadableSpan(
                name=name,
                context=self._context(place),
                parent=None if parent is None else self._context(parent),
                start_time=round(start * 1e9),
                end_time=end_ns,
                attributes={
                    key: json.dumps(value) for key, value in {**told, **(attributes or {})}.items()
                },
                status=Status(StatusCode.ERROR, error) if error else Status(StatusCode.OK),
                events=events,
                resource=Resource.get_empty(),
            )
        )

    def _context(self, place: tuple[str, ...]) -> Any:
        from opentelemetry.trace import SpanContext, TraceFlags

        whole = int(_hex(self._header, "trace", 32), 16)
        own = int(_hex(self._header, json.dumps(place), 16), 16)
        return SpanContext(whole, own, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _hex(header: Header, what: str, length: int) -> str:
    return hashlib.sha256(f"{header.journal} {what}".encode()).hexdigest()[:length]
