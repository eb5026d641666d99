"""Log spans as metrics of a run, and make spans of such metrics.

The metric's value is the duration in seconds, its timestamp is the end, and its step is the node's
number in the pipeline. So MLflow has the begin and end of each span, of whatever process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..journal.entries import Entry, Metric, Tag
from ..journal.span import Span
from ..mlflow_internals import metric_points
from ..tracking.timing_metrics import FAILED_NODE_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun


def log_span(run: TrackedRun, span: Span, metric: str) -> None:
    """Log a span to its run and keep it for the run's chart."""
    run.spans.append(span)
    end_ms = round(span.end * 1000)
    run.log_metric(metric, span.duration, step=span.step, timestamp=end_ms, is_own_key=True)


@dataclass(frozen=True)
class TimedItems:
    """The nodes and datasets whose durations the metrics of a run are.

    Attributes:
        nodes: Step -> node name.
        metrics: Metric name -> the kind of the span, and the dataset's or node's name.
        repeated: Metrics with several points, one for each node that loads the dataset.
    """

    nodes: Mapping[int, str]
    metrics: Mapping[str, tuple[Literal["load", "run", "save"], str]]
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
    return spans_from_points(points, timed, failed=found.data.tags.get(FAILED_NODE_TAG))


def spans_from_entries(entries: Iterable[Entry], timed: TimedItems) -> list[Span]:
    """Read spans from the entries of a journal."""
    points, failed = [], None
    for entry in entries:
        if isinstance(entry, Metric) and entry.key in timed.metrics:
            points.append(entry)
        elif isinstance(entry, Tag) and entry.key == FAILED_NODE_TAG:
            failed = entry.value
    return spans_from_points(points, timed, failed=failed)


def spans_from_points(
    points: Iterable[Any], timed: TimedItems, *, failed: str | None
) -> list[Span]:
    """Make spans from points of metrics.

    Args:
        points: Points with ``key``, ``value``, ``timestamp`` and ``step``.
        timed: The meaning of the metrics.
        failed: The node that has failed; None: no node has failed.
    """
    found = []
    for point in points:
        kind, name = timed.metrics[point.key]
        node = timed.nodes.get(point.step)
        if node is not None:
            end = point.timestamp / 1000
            is_failed = kind == "run" and node == failed
            found.append(Span(kind, node, name, end - point.value, end, point.step, is_failed))
    return found
