"""``dataset: m``: the values that it saves, as points of metrics, and how they are logged."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kedro.io import DatasetError

from ..journal import values
from ..utils.clock import now_ms
from .series_index import by_index

if TYPE_CHECKING:
    from ..journal.run_logger import RunLogger

_PLAIN = (int, float)
_POINT_KEYS = frozenset({"step", "value", "timestamp"})


class GivenPoint(NamedTuple):
    """A point as the user gives it; None where the user gives no step or timestamp."""

    value: Any
    step: Any = None
    timestamp: Any = None


@dataclass(frozen=True)
class Point:
    """A point of a metric; the timestamp is in milliseconds since the epoch."""

    step: int
    value: Any
    timestamp: int


def series(key: str, value: Any) -> Iterator[tuple[str, list[GivenPoint]]]:
    """Yield the name and the points of each metric in a value.

    A number is one point. A list and a one-dimensional array have the steps 0, 1, …, and so has a
    Series, unless its index has other steps in rising order, or texts, which are names: see
    :mod:`.series_index`. ``{step: value}``, whose keys are whole numbers, and
    ``{"step": …, "value": …, "timestamp": …}`` have their own steps; the latter may be in a list.
    Any other dict is flattened.

    Args:
        key: The name of the metric, or the start of the names.
        value: The value.

    Example:
        >>> [(key, len(points)) for key, points in series("loss", {"train": [1, 2], "test": 3})]
        [('loss.train', 2), ('loss.test', 1)]
    """
    if getattr(value, "ndim", None) == 1 and callable(getattr(value, "tolist", None)):
        value = by_index(value)
        if isinstance(value, dict) and not all(map(_is_whole, value)):
            for name, item in value.items():
                yield f"{key}.{name}" if key else name, [GivenPoint(item)]
            return
    if not isinstance(value, Mapping):
        items = value if isinstance(value, list | tuple) else [value]
        yield key, [_given_point(item) for item in items]
    elif _is_point(value) and "step" in value:
        yield key, [_given_point(value)]
    elif value and all(map(_is_whole, value)) and all(map(_is_number, value.values())):
        yield key, [GivenPoint(item, step) for step, item in value.items()]
    elif value:
        for name, item in value.items():
            yield from series(f"{key}.{name}" if key else str(name), item)
    else:
        yield key, []


def _given_point(item: Any) -> GivenPoint:
    return GivenPoint(**item) if _is_point(item) else GivenPoint(item)


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
    """Raise an error for a value that is not a metric.

    Raises:
        DatasetError: A value, a step or a timestamp is not a number; the message names the metric.
    """
    if type(value) in _PLAIN:  # the common case, which must be fast
        return
    for name, points in series(key, value):
        for point in points:
            _check_point(name, point)


def _check_point(name: str, point: GivenPoint) -> None:
    if not _is_number(point.value):
        is_dict = isinstance(point.value, Mapping)
        raise DatasetError(
            f"'{name}' is saved with `dataset: m`, a metric, but it is a "
            f"{type(point.value).__name__}: {_one_line(point.value)}. Use `p` (a parameter) or "
            "`a`." + (" In a list a dict is a point: {step, value, timestamp}." if is_dict else "")
        )
    if point.step is not None and not _is_whole(point.step):
        raise DatasetError(f"'{name}': a metric's step is a whole number, not {point.step!r:.60}.")
    if point.timestamp is not None and not values.is_number(point.timestamp):
        raise DatasetError(
            f"'{name}': a metric's timestamp is a number, milliseconds since the epoch, not "
            f"{point.timestamp!r:.60}."
        )


def _one_line(value: Any) -> str:
    return " ".join(repr(value).split())[:60]


def has_names(value: Any) -> bool:
    """Whether the value itself names each of its metrics, as a dict of numbers does."""
    return all(name or not points for name, points in series("", value))


def completed(points: Iterable[GivenPoint], first_step: int = 0) -> list[Point]:
    """Add the missing steps, counted from the first one, and the missing timestamps."""
    now = now_ms()
    return [
        Point(
            first_step + number if point.step is None else int(point.step),
            values.plain(point.value),
            now if point.timestamp is None else int(point.timestamp),
        )
        for number, point in enumerate(points)
    ]


def log(run: RunLogger, key: str, value: Any) -> None:
    """Log a value's metrics; missing steps are counted from 0."""
    if type(value) in _PLAIN:
        run.log_metric(key, value)
        return
    for name, points in series(key, value):
        log_points(run, name, completed(points))


def log_points(run: RunLogger, key: str, points: Iterable[Point]) -> None:
    """Log points of one metric."""
    for point in points:
        run.log_metric(key, point.value, step=point.step, timestamp=point.timestamp)
