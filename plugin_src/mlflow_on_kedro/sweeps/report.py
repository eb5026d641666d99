"""What has come of a sweep: a table of all combinations, and the outcome as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .combination import Result
from .ranking import Ranking


@dataclass
class Outcome:
    """What has come of a sweep.

    Attributes:
        results: The combinations, in their order, without the shared nodes.
        ranking: The best of them first; empty: no metric to compare by, or none has it.
        total: How many there are to be.
    """

    results: list[Result] = field(default_factory=list)
    ranking: Ranking = field(default_factory=Ranking)
    total: int = 0

    @property
    def failed(self) -> int:
        """How many have failed."""
        return sum(not one.is_finished for one in self.results)


def metric_names(results: Iterable[Result]) -> list[str]:
    """Return the names of all metrics, in the order in which they are met."""
    return list(dict.fromkeys(name for one in results for name in one.metrics or ()))


def table(results: Sequence[Result], parameters: Sequence[str], metric: str | None = None) -> str:
    """Write the table as ``mlflow.log_table`` does, so that MLflow's UI and ``load_table`` read it.

    MLflow's UI takes a dot in a column's name for a path into the cell, and shows nothing there, so
    names have a slash instead.

    Args:
        results: The combinations, in their order.
        parameters: The names of the sweep's parameters.
        metric: The metric by which combinations are compared: the second column.

    Example:
        >>> done = Result("0001", "m.C=1", {"m.C": 1}, "FINISHED", "ab", {"f1": 0.9}, 2.5)
        >>> table([done], ["m.C"], "f1")
        '{"columns": ["combination", "f1", "m/C", "status", "seconds", "run_id"], "data": \
[["0001", 0.9, 1, "FINISHED", 2.5, "ab"]]}'
    """
    metrics = metric_names(results)
    first = [metric] if metric in metrics else []
    others = [name for name in metrics if name not in first]
    taken = {"combination", *parameters}
    ours = {name: f"metrics/{name}" if name in taken else name for name in metrics}
    names = [*(ours[name] for name in first), *parameters, *(ours[name] for name in others)]
    columns = [
        name.replace(".", "/") for name in ("combination", *names, "status", "seconds", "run_id")
    ]
    data = [
        [
            one.key,
            *(_cell((one.metrics or {}).get(name)) for name in first),
            *(_cell(one.values.get(name)) for name in parameters),
            *(_cell((one.metrics or {}).get(name)) for name in others),
            one.status,
            one.seconds,
            one.run_id,
        ]
        for one in results
    ]
    return json.dumps({"columns": columns, "data": data})


def as_json(sweep: str, run_id: str, outcome: Outcome) -> dict[str, Any]:
    """Return the outcome of a sweep for ``--json``.

    Args:
        sweep: The sweep's id.
        run_id: Its run in MLflow.
        outcome: What has come of it.
    """
    return {
        "sweep": sweep,
        "run_id": run_id,
        "combinations": [_plain(one) for one in outcome.results],
        "best": _best(outcome.ranking),
    }


def _best(ranking: Ranking) -> dict[str, Any] | None:
    """Return the best combination; of a group the means, and what belongs to it."""
    best = ranking.best
    if best is None:
        return None
    ties = {"equally_good": ranking.ties}
    if len(best.results) == 1:
        return {**_plain(best.results[0]), **ties}
    return {
        "values": dict(best.values),
        "metrics": {name: _cell(value) for name, value in best.metrics.items()},
        "standard_deviation": _cell(best.spread),
        "combinations": [one.key for one in best.results],
        "run_ids": [one.run_id for one in best.results],
        **ties,
    }


def _plain(result: Result) -> dict[str, Any]:
    metrics = {name: _cell(value) for name, value in (result.metrics or {}).items()}
    return {
        "combination": result.key,
        "values": dict(result.values),
        "status": result.status,
        "run_id": result.run_id,
        "metrics": metrics if result.metrics is not None else None,
        "seconds": result.seconds,
        "error": result.error or None,
    }


def _cell(value: Any) -> Any:
    """Return a value that JSON has; it has neither NaN nor infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping | list):
        return json.dumps(value)
    return value
