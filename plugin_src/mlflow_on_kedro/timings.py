"""Timings as metrics of a run, and back: the duration metric is the timeline.

A duration in seconds is logged with its end as the timestamp and the node's place in the pipeline
as the step. So begin and end of everything are in MLflow itself, whatever process measured them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .timeline import Span
from .values import legal_key

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .run import TrackedRun

PIPELINE_METRIC = "time/pipeline"
FAILED_NODE_TAG = "kedro.failed_node"


@dataclass(frozen=True)
class Names:
    """The beginnings of the metrics' names.

    Attributes:
        run: For a node; the node's name follows.
        load: For loading; the dataset's name follows.
        save: For saving; the dataset's name follows.
    """

    run: str = "time/node/"
    load: str = "time/load/"
    save: str = "time/save/"

    def of(self, kind: Literal["load", "run", "save"], name: str) -> str:
        """The name of one metric."""
        return f"{getattr(self, kind)}{name}"


def log(run: TrackedRun, span: Span, metric: str) -> None:
    """Log a span to its run and keep it for the run's chart."""
    run.spans.append(span)
    run.log_metric(metric, span.duration, step=span.step, timestamp=round(span.end * 1000))


def read(
    client: MlflowClient,
    run_id: str,
    *,
    nodes: Mapping[int, str],
    metrics: Mapping[str, tuple[Literal["load", "run", "save"], str]],
    repeated: Collection[str] = (),
) -> list[Span]:
    """Read the spans of a run from its metrics.

    Args:
        client: A client of the run's store.
        run_id: The run.
        nodes: Step -> node name.
        metrics: Metric name -> what it times: the kind and the dataset's or node's name.
        repeated: Metrics with several points, one for each node that loads the dataset. The
            history of each costs a request.
    """
    found = client.get_run(run_id)
    failed = found.data.tags.get(FAILED_NODE_TAG)
    points = [
        point
        for metric in latest_metrics(found)
        if metric.key in metrics
        for point in (
            client.get_metric_history(run_id, metric.key) if metric.key in repeated else [metric]
        )
    ]
    spans = []
    for point in points:
        kind, name = metrics[point.key]
        node = nodes.get(point.step)
        if node is not None:
            end = point.timestamp / 1000
            is_failed = kind == "run" and node == failed
            spans.append(Span(kind, node, name, end - point.value, end, point.step, is_failed))
    return spans


def latest_metrics(found: Any) -> list[Any]:
    """The last point of each metric of a run, with timestamp and step.

    MLflow's public ``run.data.metrics`` has the values alone, and ``get_metric_history`` costs a
    request for each metric.
    """
    return list(found.data._metric_objs)  # noqa: SLF001 - there is no public name


def metric_key(name: str) -> str:
    """The name under which MLflow stores a metric."""
    return legal_key(name)
