"""``p``, ``m`` and ``a``: values that MLflow holds itself, and how each is logged and read back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from . import fluent, values
from .config import Params

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .run import TrackedRun


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


def _check_metric(key: str, value: Any) -> None:
    for name, leaf in values.flatten(key, value):
        for point in _points(leaf):
            if not values.is_number(point) and not isinstance(values.plain(point), bool):
                raise DatasetError(
                    f"'{name}' is saved with `dataset: m`, a metric, but it is a "
                    f"{type(point).__name__}: {point!r:.60}. Use `p` (a parameter) or `a`."
                )


def _log_metric(run: TrackedRun, key: str, value: Any, _limits: Params) -> None:
    for name, leaf in values.flatten(key, value):
        for step, point in enumerate(_points(leaf)):
            run.log_metric(name, point, step=step)


def _points(leaf: Any) -> list[Any]:
    """The points of a series: a list is one, at the steps 0, 1, …; an empty dict has none."""
    if isinstance(leaf, list | tuple):
        return list(leaf)
    return [] if isinstance(leaf, Mapping) else [leaf]


def _log_param(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    run.log_param(key, value, limits)


def _log_by_type(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    run.log_values(key, value, limits)


def _read_param(client: MlflowClient, run_id: str, key: str) -> Any:
    return _texts(client, run_id, key)[""]


def _read_metric(client: MlflowClient, run_id: str, key: str) -> Any:
    data = client.get_run(run_id).data
    kept_as_tags = _below({name: _number(text) for name, text in data.tags.items()}, key)
    leaves = {name: number for name, number in kept_as_tags.items() if number is not None}
    return _tree(
        {
            **leaves,
            **{name: _series(client, run_id, key, name) for name in _below(data.metrics, key)},
        }
    )


def _series(client: MlflowClient, run_id: str, key: str, name: str) -> Any:
    full = values.legal_key(f"{key}.{name}" if name else key)
    points = sorted(client.get_metric_history(run_id, full), key=lambda p: (p.step, p.timestamp))
    # Where a step was logged again, as by a run that is continued, the last value counts.
    series = list({point.step: point.value for point in points}.values())
    return series if len(series) > 1 else series[0]


def _read_by_type(client: MlflowClient, run_id: str, key: str) -> Any:
    texts = _texts(client, run_id, key)
    params = {name: values.parse_param(text) for name, text in texts.items()}
    return _tree({**params, **_below(client.get_run(run_id).data.metrics, key)})


def _texts(client: MlflowClient, run_id: str, key: str) -> dict[str, str]:
    """Parameters, whole also where ``too_long`` made tags or artifacts of them."""
    data = client.get_run(run_id).data
    texts = {**_below(data.tags, key), **_below(data.params, key)}
    return {name: _whole(client, run_id, text) for name, text in texts.items()}


def _whole(client: MlflowClient, run_id: str, text: str) -> str:
    place = values.artifact_of(text)
    if place is None:
        return text
    with tempfile.TemporaryDirectory() as scratch:
        with fluent.tracking_uri(client.tracking_uri):
            path = client.download_artifacts(run_id, place, scratch)
        return Path(path).read_text(encoding="utf-8")


def _number(text: str) -> float | None:
    try:
        return float(text)  # an infinity, which MLflow cannot hold as a metric
    except ValueError:
        return None


def _below(logged: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What was logged as ``key`` or as ``key.…``, by the part of the name after that."""
    prefix = values.legal_key(key)
    return {
        name[len(prefix) + 1 :]: value
        for name, value in logged.items()
        if name == prefix or name.startswith(f"{prefix}.")
    }


def _tree(leaves: dict[str, Any]) -> Any:
    if not leaves:
        raise KeyError
    # With a value of its own, what is below belongs to datasets of longer names.
    return leaves[""] if "" in leaves else values.unflatten(leaves)


KINDS: dict[str, ValueKind] = {
    "p": ValueKind(_accept, _log_param, _read_param),
    "m": ValueKind(_check_metric, _log_metric, _read_metric),
    "a": ValueKind(_accept, _log_by_type, _read_by_type),
}
