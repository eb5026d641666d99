"""``dataset: m``: reads the points of metrics, and returns them in the form that the user chose."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..utils import mlflow_limits
from .flat_keys import below, nested
from .metrics import Point, completed, series

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SHOWN_STEPS = 10


def _sorted(points: Iterable[Point]) -> list[Point]:
    return sorted(points, key=lambda point: (point.step, point.timestamp))


def _by_step(points: Iterable[Point]) -> dict[int, Any]:
    # If a step was logged again, as by a run that was continued, the last value counts.
    return {point.step: point.value for point in _sorted(points)}


def _values(points: Iterable[Point]) -> list[Any]:
    return list(_by_step(points).values())


def history(points: Iterable[Point]) -> list[dict[str, Any]]:
    """Return all points, including those of a step that was logged more than once."""
    return [asdict(point) for point in _sorted(points)]


def _as_saved(points: Iterable[Point]) -> Any:
    steps = _by_step(points)
    if len(steps) == 1:
        return next(iter(steps.values()))
    return list(steps.values()) if list(steps) == list(range(len(steps))) else steps


FORMS: Mapping[str | None, Callable[[Iterable[Point]], Any]] = {
    "list": _values,
    "dict": _by_step,
    "history": history,
    None: _as_saved,
}
"""``load_args: {mode: …}`` -> what ``load`` returns; the names are those of kedro-mlflow."""


def in_form(value: Any, mode: str | None, step: int | None = None) -> Any:
    """Convert each metric of a value into a form.

    Args:
        value: A value in any form that :func:`~.metrics.series` takes.
        mode: A key of :data:`FORMS`.
        step: Return the value of this step alone.

    Raises:
        DatasetError: A metric has no such step.

    Example:
        >>> in_form({"loss": [0.5, 0.25]}, "dict"), in_form([0.5, 0.25], None, 1)
        ({'loss': {0: 0.5, 1: 0.25}}, 0.25)
    """
    found = {name: completed(points) for name, points in series("", value)}
    if step is None:
        return nested({name: FORMS[mode](points) for name, points in found.items()})
    return nested({name: _at_step(name, points, step) for name, points in found.items()})


def _at_step(name: str, points: Iterable[Point], step: int) -> Any:
    steps = _by_step(points)
    if step not in steps:
        which = f"'{name}' has" if name else "There is"
        known = ", ".join(map(str, [*steps][:_SHOWN_STEPS]))
        known += ", …" if len(steps) > _SHOWN_STEPS else ""
        raise DatasetError(f"{which} no value at `load_args.step` {step}; its steps are: {known}.")
    return steps[step]


def read(client: MlflowClient, run_id: str, key: str, mode: str | None = None) -> Any:
    """Read metrics from MLflow.

    Args:
        client: An MLflow client.
        run_id: The run.
        key: The name of the metric, or the start of the names.
        mode: A key of :data:`FORMS`; by default a number, a list, or ``{step: value}`` where steps
            are missing.

    Raises:
        KeyError: The run has no metric of that name.
    """
    run = client.get_run(run_id)
    data, start = run.data, run.info.start_time
    found = {
        name: FORMS[mode]([Point(0, number, start)])
        for name, number in infinities(data.tags, key).items()
    }
    for name in below(data.metrics, key):
        points = read_points(client, run_id, f"{key}.{name}" if name and key else name or key)
        found[name] = FORMS[mode](points)
    return nested(found)


def read_points(client: MlflowClient, run_id: str, key: str) -> list[Point]:
    """Read all points of one metric."""
    found = client.get_metric_history(run_id, mlflow_limits.legal_key(key))
    return [Point(point.step, point.value, point.timestamp) for point in found]


def infinities(tags: Mapping[str, str], key: str) -> dict[str, float]:
    """Return the infinities below a key, which are tags: MLflow stores none as a metric.

    Args:
        tags: A run's tags, of which others may be numbers, too.
        key: See :func:`below`.

    Example:
        >>> infinities({"loss.a": "-inf", "loss.b": "2", "note": "x"}, "loss")
        {'a': -inf}
    """
    numbers = {name: _number(text) for name, text in below(tags, key).items()}
    return {
        name: number
        for name, number in numbers.items()
        if number is not None and math.isinf(number)
    }


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
