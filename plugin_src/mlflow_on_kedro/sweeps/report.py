"""What has come of a sweep: its best combination, and a table of all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .combination import Result


@dataclass
class Outcome:
    """What has come of a sweep.

    Attributes:
        results: The combinations, in their order, without the shared nodes.
        best: The best of them; None: no metric to compare by, or none has it.
        total: How many there are to be.
    """

    results: list[Result] = field(default_factory=list)
    best: Result | None = None
    total: int = 0

    @property
    def failed(self) -> int:
        """How many have failed."""
        return sum(not one.is_finished for one in self.results)


def score(result: Result, metric: str | None) -> float | None:
    """Return the metric by which a combination is compared; None: it has none.

    Example:
        >>> score(Result("0001", "C=1", {"C": 1}, "FINISHED", metrics={"f1": 0.9}), "f1")
        0.9
    """
    if metric is None or not result.is_finished or not result.metrics:
        return None
    value = result.metrics.get(metric)
    return value if value is not None and not math.isnan(value) else None


def best(results: Iterable[Result], metric: str | None, *, minimize: bool) -> Result | None:
    """Return the best combination, the first of several; None: none has the metric.

    Example:
        >>> results = [
        ...     Result(f"000{c}", f"C={c}", {"C": c}, "FINISHED", metrics={"loss": 1 / c})
        ...     for c in (1, 2, 3)
        ... ]
        >>> best(results, "loss", minimize=True).name
        'C=3'
    """
    scored = [(value, one) for one in results if (value := score(one, metric)) is not None]
    if not scored:
        return None
    sign = 1 if minimize else -1
    return min(scored, key=lambda pair: sign * pair[0])[1]


def metric_names(results: Iterable[Result]) -> list[str]:
    """Return the names of all metrics, in the order in which they are met."""
    return list(dict.fromkeys(name for one in results for name in one.metrics or ()))


def table(results: Sequence[Result], parameters: Sequence[str]) -> str:
    """Write the table as ``mlflow.log_table`` does, so that MLflow's UI and ``load_table`` read it.

    Args:
        results: The combinations, in their order.
        parameters: The names of the sweep's parameters.

    Example:
        >>> table([Result("0001", "C=1", {"C": 1}, "FINISHED", "ab", {"f1": 0.9}, 2.5)], ["C"])
        '{"columns": ["combination", "status", "C", "f1", "seconds", "run_id"], "data": [["0001", \
"FINISHED", 1, 0.9, 2.5, "ab"]]}'
    """
    metrics = metric_names(results)
    names = [f"metrics.{name}" if name in parameters else name for name in metrics]
    columns = ["combination", "status", *parameters, *names, "seconds", "run_id"]
    data = [
        [
            one.key,
            one.status,
            *(_cell(one.values.get(name)) for name in parameters),
            *(_cell((one.metrics or {}).get(name)) for name in metrics),
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
        "best": _plain(outcome.best) if outcome.best is not None else None,
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
