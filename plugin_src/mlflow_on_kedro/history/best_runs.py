"""The runs with the best values of a metric, found without reading all runs.

MLflow can sort runs by a metric itself, but its query takes the square of the number of runs: a
minute for 20,000 in SQLite. Filters are fast, so the best are found by a filter
``metrics.accuracy > x`` with an ``x`` that few runs exceed: the lowest value of the best runs of a
page that the filter before has given. Pages are in the order of ids, which are random, so each page
leaves a small part of the runs, however the metric has changed in the course of time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..tracking.finding import MANY
from .conditions import joined, plain_number, quoted_key

if TYPE_CHECKING:
    from ..tracking.finding import Runs

_PAGE = 100
_BY_ID = ("attributes.run_id ASC",)
_LARGEST = 1e300
"""More than any metric; MLflow stores infinity as a number that is larger still."""


def best_runs(
    runs: Runs,
    metric: str,
    count: int,
    accepts: Callable[[Any], bool],
    *,
    filter_string: str = "",
    ascending: bool = False,
    most: int,
) -> tuple[list[Any], bool]:
    """Find the runs with the best values of a metric.

    Args:
        runs: The runs of the project.
        metric: The metric's name.
        count: How many runs are wanted.
        accepts: Whether a run, MLflow's entity, counts at all.
        filter_string: MLflow's filter for the runs that count.
        ascending: Whether low values are the best.
        most: About how many runs may be read.

    Returns:
        The runs, the best first, and whether it is certain that none is better.

    Raises:
        MLflowOnKedroError: MLflow cannot be reached, or refuses the filter.
    """
    sign = -1.0 if ascending else 1.0
    size = min(max(_PAGE, 4 * count), MANY)
    known: dict[str, Any] = {}
    bound, read = -_LARGEST, 0

    def value(run: Any) -> float:
        return sign * float(run.data.metrics[metric])

    def best() -> list[Any]:
        found = sorted(known.values(), key=lambda run: (-value(run), -run.info.start_time))
        return found[:count]

    while True:
        better = 0
        condition = _filter(metric, sign * bound, filter_string, ascending=ascending)
        for page in runs.pages(condition, _BY_ID, size):
            read += len(page)
            accepted = [run for run in page if accepts(run) and not math.isnan(value(run))]
            known |= {run.info.run_id: run for run in accepted}
            better += len(accepted)
            is_last = not getattr(page, "token", None)
            if read >= most and not is_last:
                return best(), False
            if better >= count and not is_last:
                bound = value(best()[-1])
                break
        else:
            return best(), True


def _filter(metric: str, bound: float, more: str, *, ascending: bool) -> str:
    comparison = "<" if ascending else ">"
    condition = f"{quoted_key('metrics', metric)} {comparison} {plain_number(bound)}"
    return joined(condition, more)
