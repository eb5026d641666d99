"""Links a run's metrics to the model that it has logged, so that MLflow's UI compares models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..journal.span import OF_THE_PLUGIN
from ..mlflow_internals import metric_points
from ..tracking import capabilities
from ..tracking.capabilities import Feature
from .logged_models import output_model_ids

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MAX_METRICS = 1000  # of one request


def link(client: MlflowClient, run_id: str) -> None:
    """Log the last value of each metric of a run to its model too, with the run's dataset.

    Nothing is linked if the run has several models, as nobody knows which of them a metric is of;
    a dataset is named if the run has used only one. Linking again changes nothing.

    Args:
        client: A client of the run's store.
        run_id: The run.

    Raises:
        Exception: MLflow cannot be reached.
    """
    from mlflow.entities import Metric

    if not capabilities.has(client.tracking_uri, Feature.LOGGED_MODELS):
        return
    run = client.get_run(run_id)
    ids = set(output_model_ids(run))
    if len(ids) != 1:
        return
    (model_id,) = ids
    found = client.get_logged_model(model_id).metrics or []
    known = {_point(metric) for metric in found}
    dataset = _dataset(run)
    metrics = [
        Metric(point.key, point.value, point.timestamp, point.step, model_id, *dataset)
        for point in metric_points.latest(run)
        if not point.key.startswith(OF_THE_PLUGIN) and _point(point) not in known
    ]
    for begin in range(0, len(metrics), _MAX_METRICS):
        client.log_batch(run_id, metrics=metrics[begin : begin + _MAX_METRICS])


def _point(metric: Any) -> tuple[str, float, int, int]:
    return metric.key, metric.value, metric.timestamp, metric.step


def _dataset(run: Any) -> tuple[str | None, str | None]:
    """Return name and digest of the run's only dataset; None for both if it is not certain."""
    inputs = getattr(run, "inputs", None)
    used = {(x.dataset.name, x.dataset.digest) for x in inputs.dataset_inputs} if inputs else set()
    return used.pop() if len(used) == 1 else (None, None)
