"""``p``, ``m`` and ``a``: values that MLflow itself stores, and how each is logged and read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.sections import Params
from ..journal import long_values, values
from ..mlflow_internals import mlflow_globals
from . import metric_forms, metrics
from .flat_keys import below, nested

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from ..journal.run_logger import RunLogger


@dataclass(frozen=True)
class ValueKind:
    """How MLflow stores a value.

    Attributes:
        name: What MLflow calls it.
        check: Raises ``DatasetError`` for a value that cannot be stored so.
        log: Logs a value under a key, within limits for parameters.
        read: Reads the value from a run; raises ``KeyError`` if the run does not have it.
    """

    name: str
    check: Callable[[str, Any], None]
    log: Callable[[RunLogger, str, Any, Params], None]
    read: Callable[[MlflowClient, str, str], Any]


def _accept(key: str, value: Any) -> None:
    """Accept any value."""


def _read_param(client: MlflowClient, run_id: str, key: str) -> Any:
    return _texts(client, client.get_run(run_id), key)[""]


def _read_by_type(client: MlflowClient, run_id: str, key: str) -> Any:
    run = client.get_run(run_id)
    texts, logged = _texts(client, run, key), below(run.data.params, key)
    params = {name: values.parse_param(text) for name, text in texts.items()}
    infinities = {
        name: number
        for name, number in metric_forms.infinities(run.data.tags, key).items()
        if name not in logged
    }
    return nested({**params, **infinities, **below(run.data.metrics, key)})


def _texts(client: MlflowClient, run: Run, key: str) -> dict[str, str]:
    """Return parameters in full length, also if ``too_long`` stored them as tags or artifacts."""
    texts = {**below(run.data.tags, key), **below(run.data.params, key)}
    return {name: _full_text(client, run.info.run_id, text) for name, text in texts.items()}


def _full_text(client: MlflowClient, run_id: str, text: str) -> str:
    artifact = long_values.artifact_path_in(text)
    if artifact is None:
        return text
    with tempfile.TemporaryDirectory() as folder:
        with mlflow_globals.tracking_uri(client.tracking_uri):
            path = client.download_artifacts(run_id, artifact, folder)
        return Path(path).read_text(encoding="utf-8")


VALUE_KINDS: dict[str, ValueKind] = {
    "p": ValueKind(
        "parameter",
        _accept,
        lambda run, key, value, limits: run.log_param(key, value, limits),
        _read_param,
    ),
    "m": ValueKind(
        "metric",
        metrics.check,
        lambda run, key, value, _limits: metrics.log(run, key, value),
        metric_forms.read,
    ),
    "a": ValueKind(
        "value",
        _accept,
        lambda run, key, value, limits: run.log_values(key, value, limits),
        _read_by_type,
    ),
}

METRIC_HISTORY = replace(VALUE_KINDS["m"], read=partial(metric_forms.read, mode="history"))
"""``m`` if the user chose how its history is saved or loaded."""
