"""Log spans as metrics of a run, and make spans of such metrics.

The metric's value is the duration in seconds, its timestamp the end. Where loads and saves are
metrics, its step is the node's number in the pipeline. So MLflow has the begin and end of each span
that is a metric, of whatever process: of all nodes, and of loads and saves where the user or the
lack of a journal asks for them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..journal import usage
from ..journal.entries import Metric, SpanRecord
from ..journal.span import Span
from ..mlflow_internals import metric_points
from ..tracking.hidden_tags import HIDDEN
from ..tracking.timing_metrics import FAILED_NODE_TAG, Kind, metric_key
from .timeline_file import to_span

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun

USAGE_TAG = f"{HIDDEN}usage."
"""On a run, followed by a node's name: what it used on a machine that has no journal."""


def log_span(run: TrackedRun, span: Span, metric: str, *, is_series: bool) -> None:
    """Log the duration of a span as a metric at once, in seconds with microseconds.

    Args:
        run: The run.
        span: The span.
        metric: The metric's name.
        is_series: Whether the metric has a step: see :func:`metrics_of`.
    """
    seconds, end_ms, step = _point(span, is_series=is_series)
    run.log_metric(metric, seconds, step=step, timestamp=end_ms, is_own_key=True)


def metrics_of(records: Collection[SpanRecord]) -> list[Metric]:
    """Return the metrics of spans, for the end of the run.

    Loads and saves need the step, which tells their nodes. Without them a node's metric has no
    step, because MLflow shows a metric without steps as a bar, and another as a line.

    Args:
        records: All timings of the run.
    """
    timed = [
        (record.metric, span)
        for record in records
        if record.metric and (span := to_span(record)) is not None
    ]
    is_series = any(span.kind != "run" for _, span in timed)
    return [Metric(metric, *_point(span, is_series=is_series)) for metric, span in timed]


def _point(span: Span, *, is_series: bool) -> tuple[float, int, int]:
    """Return the value of a span's metric, its timestamp in milliseconds, and its step."""
    return round(span.duration, 6), round(span.end * 1000), span.step if is_series else 0


@dataclass(frozen=True)
class TimedItems:
    """The nodes and datasets whose durations the metrics of a run are.

    Attributes:
        nodes: Step -> node name.
        metrics: Metric name -> the kind of the span, and the dataset's or node's name.
        repeated: Metrics with several points, one for each node that loads the dataset.
    """

    nodes: Mapping[int, str]
    metrics: Mapping[str, tuple[Kind, str]]
    repeated: Collection[str] = ()


def read_spans(client: MlflowClient, run_id: str, timed: TimedItems) -> list[Span]:
    """Read the spans of a run from its metrics in MLflow.

    Each metric with several points costs a request.

    Args:
        client: A client of the run's store.
        run_id: The run.
        timed: The meaning of its metrics.
    """
    found = client.get_run(run_id)
    failed = found.data.tags.get(FAILED_NODE_TAG)
    points = [
        point
        for metric in metric_points.latest(found)
        if metric.key in timed.metrics
        for point in (
            client.get_metric_history(run_id, metric.key)
            if metric.key in timed.repeated
            else [metric]
        )
    ]
    spans, nodes = [], {*timed.nodes.values()}
    for point in points:
        kind, name = timed.metrics[point.key]
        node = name if kind == "run" else timed.nodes.get(point.step)
        if node in nodes:
            end = point.timestamp / 1000
            is_failed = kind == "run" and node == failed
            span = Span(kind, node, name, end - point.value, end, point.step, is_failed)
            if kind == "run":
                used = found.data.tags.get(metric_key(f"{USAGE_TAG}{node}"), "")
                span = replace(span, usages=usage.from_text(used))
            spans.append(span)
    return spans
