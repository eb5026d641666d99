"""``dataset: m``: the forms in which it takes metrics, and those that it gives back."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kedro.io import DatasetError

from ..journal import values
from ..utils import mlflow_limits
from .flat_keys import below, tree

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun

_PLAIN = (int, float)
_POINT_KEYS = frozenset({"step", "value", "timestamp"})


class Given(NamedTuple):
    """A point as the user gives it: what is None is made up."""

    value: Any
    step: Any = None
    timestamp: Any = None


@dataclass(frozen=True)
class Point:
    """A point of a metric; the timestamp is in milliseconds since the epoch."""

    step: int
    value: Any
    timestamp: int


# -- what is taken -----------------------------------------------------------------------------


def series(key: str, value: Any) -> Iterator[tuple[str, list[Given]]]:
    """Yield ``(key, points)`` for each metric that a value holds.

    A number is one point; a list, a Series or an array of one dimension has the steps 0, 1, …;
    ``{step: value}``, by its whole-number
    keys, and ``{"step": …, "value": …, "timestamp": …}``, also in a list, say theirs. Other dicts
    are flattened.

    Example:
        >>> [(key, len(points)) for key, points in series("loss", {"train": [1, 2], "test": 3})]
        [('loss.train', 2), ('loss.test', 1)]
    """
    if getattr(value, "ndim", None) == 1 and callable(getattr(value, "tolist", None)):
        value = value.tolist()
    if not isinstance(value, Mapping):
        items = value if isinstance(value, list | tuple) else [value]
        yield key, [_given(item) for item in items]
    elif _is_point(value) and "step" in value:
        yield key, [_given(value)]
    elif value and all(map(_is_whole, value)) and all(map(_is_number, value.values())):
        yield key, [Given(item, step) for step, item in value.items()]
    elif value:
        for name, item in value.items():
            yield from series(f"{key}.{name}" if key else str(name), item)
    else:
        yield key, []


def _given(item: Any) -> Given:
    return Given(**item) if _is_point(item) else Given(item)


def _is_point(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and {"value"} <= item.keys() <= _POINT_KEYS
        and not isinstance(item["value"], Mapping | list | tuple)
    )


def _is_number(value: Any) -> bool:
    return values.is_number(value) or isinstance(values.plain(value), bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def check(key: str, value: Any) -> None:
    """Refuse what is no metric.

    Raises:
        DatasetError: A value, a step or a timestamp is no number; the message names the metric.
    """
    if type(value) in _PLAIN:  # as most are
        return
    for name, points in series(key, value):
        for point in points:
            _check_point(name, point)


def _check_point(name: str, point: Given) -> None:
    if not _is_number(point.value):
        is_dict = isinstance(point.value, Mapping)
        raise DatasetError(
            f"'{name}' is saved with `dataset: m`, a metric, but it is a "
            f"{type(point.value).__name__}: {_in_a_line(point.value)}. Use `p` (a parameter) or "
            "`a`." + (" In a list a dict is a point: {step, value, timestamp}." if is_dict else "")
        )
    if point.step is not None and not _is_whole(point.step):
        raise DatasetError(f"'{name}': a metric's step is a whole number, not {point.step!r:.60}.")
    if point.timestamp is not None and not values.is_number(point.timestamp):
        raise DatasetError(
            f"'{name}': a metric's timestamp is a number, milliseconds since the epoch, not "
            f"{point.timestamp!r:.60}."
        )


def _in_a_line(value: Any) -> str:
    return " ".join(repr(value).split())[:60]


def has_names(value: Any) -> bool:
    """Whether each metric that a value holds has a name of its own, as in a dict of numbers."""
    return all(name or not points for name, points in series("", value))


def placed(points: Iterable[Given], first_step: int = 0) -> list[Point]:
    """Give each point a step, counted from the first one, and a timestamp, if it has none."""
    now = time.time_ns() // 1_000_000
    return [
        Point(
            first_step + place if point.step is None else int(point.step),
            values.plain(point.value),
            now if point.timestamp is None else int(point.timestamp),
        )
        for place, point in enumerate(points)
    ]


def log(run: TrackedRun, key: str, value: Any) -> None:
    """Log a value's metrics; each step is as it is given, or counted from 0."""
    if type(value) in _PLAIN:
        run.log_metric(key, value)
        return
    for name, points in series(key, value):
        log_points(run, name, placed(points))


def log_points(run: TrackedRun, key: str, points: Iterable[Point]) -> None:
    """Log points of one metric."""
    for point in points:
        run.log_metric(key, point.value, step=point.step, timestamp=point.timestamp)


# -- what is given back ------------------------------------------------------------------------


def _steps(points: Iterable[Point]) -> dict[int, Any]:
    # Where a step was logged again, as by a run that is continued, the last value counts.
    in_order = sorted(points, key=lambda point: (point.step, point.timestamp))
    return {point.step: point.value for point in in_order}


def _values(points: Iterable[Point]) -> list[Any]:
    return list(_steps(points).values())


def history(points: Iterable[Point]) -> list[dict[str, Any]]:
    """All points, also those of a step that was logged more than once."""
    in_order = sorted(points, key=lambda point: (point.step, point.timestamp))
    return [asdict(point) for point in in_order]


def _as_saved(points: Iterable[Point]) -> Any:
    steps = _steps(points)
    if len(steps) == 1:
        return next(iter(steps.values()))
    return list(steps.values()) if list(steps) == list(range(len(steps))) else steps


FORMS: Mapping[str | None, Callable[[Iterable[Point]], Any]] = {
    "list": _values,
    "dict": _steps,
    "history": history,
    None: _as_saved,
}
"""``load_args: {mode: …}`` -> what a metric is loaded as; the names are those of kedro-mlflow."""


def shown(value: Any, mode: str | None, step: int | None = None) -> Any:
    """Give each metric of a value, in whatever form it is, the form that is asked for.

    Args:
        value: What :func:`series` takes.
        mode: A key of :data:`FORMS`.
        step: Only the value of this step.

    Raises:
        DatasetError: A metric has no such step.

    Example:
        >>> shown({"loss": [0.5, 0.25]}, "dict"), shown([0.5, 0.25], None, 1)
        ({'loss': {0: 0.5, 1: 0.25}}, 0.25)
    """
    found = {name: placed(points) for name, points in series("", value)}
    if step is None:
        return tree({name: FORMS[mode](points) for name, points in found.items()})
    return tree({name: _at(name, points, step) for name, points in found.items()})


def _at(name: str, points: Iterable[Point], step: int) -> Any:
    steps = _steps(points)
    if step not in steps:
        which = f"'{name}' has" if name else "There is"
        known = ", ".join(map(str, [*steps][:10])) + (", …" if steps.keys() - [*steps][:10] else "")
        raise DatasetError(f"{which} no value at `load_args.step` {step}; its steps are: {known}.")
    return steps[step]


def read(client: MlflowClient, run_id: str, key: str) -> Any:
    """Read metrics back: a number, a list, or ``{step: value}`` where steps are left out.

    Raises:
        KeyError: The run has none of that name.
    """
    return _read(client, run_id, key, None)


def read_history(client: MlflowClient, run_id: str, key: str) -> Any:
    """Read all points of metrics back, as :func:`history` gives them.

    Raises:
        KeyError: The run has none of that name.
    """
    return _read(client, run_id, key, "history")


def _read(client: MlflowClient, run_id: str, key: str, mode: str | None) -> Any:
    run = client.get_run(run_id)
    data, start = run.data, run.info.start_time
    kept_as_tags = below({name: _number(text) for name, text in data.tags.items()}, key)
    leaves = {
        name: FORMS[mode]([Point(0, number, start)])
        for name, number in kept_as_tags.items()
        if number is not None and (key or math.isinf(number))  # others' tags may be numbers, too
    }
    for name in below(data.metrics, key):
        points = read_points(client, run_id, f"{key}.{name}" if name and key else name or key)
        leaves[name] = FORMS[mode](points)
    return tree(leaves)


def read_points(client: MlflowClient, run_id: str, key: str) -> list[Point]:
    """Read all points of one metric."""
    found = client.get_metric_history(run_id, mlflow_limits.legal_key(key))
    return [Point(point.step, point.value, point.timestamp) for point in found]


def _number(text: str) -> float | None:
    try:
        return float(text)  # an infinity, which MLflow cannot hold as a metric
    except ValueError:
        return None
