"""``p``, ``m`` and ``a``: values that MLflow holds itself, and how each is logged and read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from . import values
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
        points = leaf if isinstance(leaf, list | tuple) else [leaf]
        for point in points:
            if not values.is_number(point) and not isinstance(point, bool):
                raise DatasetError(
                    f"'{name}' is saved with `dataset: m`, a metric, but it is a "
                    f"{type(point).__name__}: {point!r:.60}. Use `p` (a parameter) or `a` (by type)."
                )


def _log_metric(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    for name, leaf in values.flatten(key, value):
        points = leaf if isinstance(leaf, list | tuple) else [leaf]
        for step, point in enumerate(points):
            run.log_metric(name, point, step=step)


def _log_param(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    run.log_param(key, value, limits)


def _log_by_type(run: TrackedRun, key: str, value: Any, limits: Params) -> None:
    run.log_values(key, value, limits)


def _read_param(client: MlflowClient, run_id: str, key: str) -> Any:
    return client.get_run(run_id).data.params[values.legal_key(key)]


def _read_metric(client: MlflowClient, run_id: str, key: str) -> Any:
    leaves = _below(client.get_run(run_id).data.metrics, key)
    return _tree({name: _series(client, run_id, key, name) for name in leaves})


def _series(client: MlflowClient, run_id: str, key: str, name: str) -> Any:
    full = values.legal_key(f"{key}.{name}" if name else key)
    points = sorted(client.get_metric_history(run_id, full), key=lambda p: (p.step, p.timestamp))
    series = [point.value for point in points]
    return series if len(series) > 1 else series[0]


def _read_by_type(client: MlflowClient, run_id: str, key: str) -> Any:
    data = client.get_run(run_id).data
    params = {name: values.parse_param(text) for name, text in _below(data.params, key).items()}
    return _tree({**params, **_below(data.metrics, key)}, required=key)


def _below(logged: dict[str, Any], key: str) -> dict[str, Any]:
    """What was logged as ``key`` or as ``key.…``, by the part of the name after that."""
    prefix = values.legal_key(key)
    return {
        name[len(prefix) + 1 :]: value
        for name, value in logged.items()
        if name == prefix or name.startswith(f"{prefix}.")
    }


def _tree(leaves: dict[str, Any], required: str = "") -> Any:
    if not leaves:
        raise KeyError(required)
    return leaves[""] if set(leaves) == {""} else values.unflatten(leaves)


KINDS: dict[str, ValueKind] = {
    "p": ValueKind(_accept, _log_param, _read_param),
    "m": ValueKind(_check_metric, _log_metric, _read_metric),
    "a": ValueKind(_accept, _log_by_type, _read_by_type),
}
