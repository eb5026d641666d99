"""Timings as metrics of a run, and back: the duration metric is the timeline.

A duration in seconds is logged with its end as the timestamp and the node's place in the pipeline
as the step. So begin and end of everything are in MLflow itself, whatever process measured them.
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


def log(run: TrackedRun, span: Span, metric: str) -> None:
    """Log a span to its run and keep it for the run's chart."""
    run.spans.append(span)
    end_ms = round(span.end * 1000)
    run.log_metric(metric, span.duration, step=span.step, timestamp=end_ms, is_own_key=True)


@dataclass(frozen=True)
class Timed:
    """What the metrics of a run time.

    Attributes:
        nodes: Step -> node name.
        metrics: Metric name -> what it times: the kind and the dataset's or node's name.
        repeated: Metrics with several points, one for each node that loads the dataset.
    """

    nodes: Mapping[int, str]
    metrics: Mapping[str, tuple[Literal["load", "run", "save"], str]]
    repeated: Collection[str] = ()


def read(client: MlflowClient, run_id: str, timed: Timed) -> list[Span]:
    """Read the spans of a run from its metrics in MLflow.

    The history of each of the repeated ones costs a request.

    Args:
        client: A client of the run's store.
        run_id: The run.
        timed: What its metrics time.
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
    return spans(points, timed, failed=found.data.tags.get(FAILED_NODE_TAG))


def read_entries(entries: Iterable[Entry], timed: Timed) -> list[Span]:
    """Read spans from the entries of a journal."""
    points, failed = [], None
    for entry in entries:
        if isinstance(entry, Metric) and entry.key in timed.metrics:
            points.append(entry)
        elif isinstance(entry, Tag) and entry.key == FAILED_NODE_TAG:
            failed = entry.value
    return spans(points, timed, failed=failed)


def spans(points: Iterable[Any], timed: Timed, *, failed: str | None) -> list[Span]:
    """Make spans of metric points.

    Args:
        points: Points with ``key``, ``value``, ``timestamp`` and ``step``.
        timed: What they time.
        failed: The node that has failed.
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
