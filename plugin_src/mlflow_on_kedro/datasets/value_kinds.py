"""``p``, ``m`` and ``a``: values that MLflow holds itself, and how each is logged and read back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.sections import Params
from ..journal import long_values, values
from ..mlflow_internals import mlflow_globals
from . import metrics
from .flat_keys import below, tree

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun


@dataclass(frozen=True)
class ValueKind:
    """One way of keeping a value in MLflow.

    Attributes:
        check: Raises ``DatasetError`` for a value that cannot be kept so.
        log: Logs a value under a key.
        read: Reads it back from a run; raises ``KeyError`` when it is not there.
    """

    check: Callable[[str, Any], None]
    log: Callable[[TrackedRun, str, Any, Params], None]
    read: Callable[[MlflowClient, str, str], Any]


def _accept(key: str, value: Any) -> None:
    """Any value will do."""


def _log_metric(run: TrackedRun, key: str, value: Any, _limits: Params) -> None:
    metrics.log(run, key, value)


def _log_param(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    run.log_param(key, value, limits)


def _log_by_type(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    run.log_values(key, value, limits)


def _read_param(client: MlflowClient, run_id: str, key: str) -> Any:
    return _texts(client, run_id, key)[""]


def _read_by_type(client: MlflowClient, run_id: str, key: str) -> Any:
    texts = _texts(client, run_id, key)
    params = {name: values.parse_param(text) for name, text in texts.items()}
    return tree({**params, **below(client.get_run(run_id).data.metrics, key)})


def _texts(client: MlflowClient, run_id: str, key: str) -> dict[str, str]:
    """Parameters, whole also where ``too_long`` made tags or artifacts of them."""
    data = client.get_run(run_id).data
    texts = {**below(data.tags, key), **below(data.params, key)}
    return {name: _whole(client, run_id, text) for name, text in texts.items()}


def _whole(client: MlflowClient, run_id: str, text: str) -> str:
    place = long_values.artifact_path_in(text)
    if place is None:
        return text
    with tempfile.TemporaryDirectory() as scratch:
        with mlflow_globals.tracking_uri(client.tracking_uri):
            path = client.download_artifacts(run_id, place, scratch)
        return Path(path).read_text(encoding="utf-8")


KINDS: dict[str, ValueKind] = {
    "p": ValueKind(_accept, _log_param, _read_param),
    "m": ValueKind(metrics.check, _log_metric, metrics.read),
    "a": ValueKind(_accept, _log_by_type, _read_by_type),
}

HISTORY = ValueKind(metrics.check, _log_metric, metrics.read_history)
"""``m`` where the user asks for a form of its history."""
