"""Which combination is the best, or which group of them by the mean of the metric."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .combination import Result


@dataclass(frozen=True)
class Goal:
    """By what combinations are compared.

    Attributes:
        metric: The metric's name; None: they are not compared.
        minimize: The smaller it is, the better.
        over: Parameters such as a seed: combinations that differ only in these are one group, which
            has the mean of their metrics. Empty: each combination is a group.
        size: How many combinations a group has.
    """

    metric: str | None
    minimize: bool = False
    over: Sequence[str] = ()
    size: int = 1


@dataclass(frozen=True)
class Group:
    """Combinations that differ only in the parameters over which a mean is taken.

    Attributes:
        values: The other parameters' values.
        results: The combinations.
        metrics: The mean of each metric that all of them have.
        score: The mean of the metric by which groups are compared.
        spread: Its sample standard deviation; None: there is one combination.
    """

    values: Mapping[str, Any]
    results: Sequence[Result]
    metrics: Mapping[str, float]
    score: float
    spread: float | None = None


@dataclass(frozen=True)
class Ranking:
    """The groups that can be compared.

    Attributes:
        groups: The best first, and of equally good ones the one that came first.
        ties: How many are as good as the first, with itself.
        left_out: How many groups have a combination that has not finished with the metric.
    """

    groups: Sequence[Group] = field(default_factory=tuple)
    ties: int = 0
    left_out: int = 0

    @property
    def best(self) -> Group | None:
        """The best group; None: none can be compared."""
        return self.groups[0] if self.groups else None


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


def rank(results: Iterable[Result], goal: Goal) -> Ranking:
    """Rank combinations, or groups of them.

    A group counts when all of its combinations have finished with the metric: otherwise one whose
    worst has failed would seem better than it is.

    Args:
        results: The combinations, in their order.
        goal: By what they are compared.

    Example:
        >>> results = [
        ...     Result(f"{c}{s}", "", {"C": c, "seed": s}, "FINISHED", metrics={"loss": c + s / c})
        ...     for c in (1, 2)
        ...     for s in (1, 3)
        ... ]
        >>> found = rank(results, Goal("loss", minimize=True, over=["seed"], size=2))
        >>> [(group.values, group.score) for group in found.groups]
        [({'C': 1}, 3.0), ({'C': 2}, 3.0)]
        >>> found.ties
        2
    """
    members: dict[str, list[Result]] = {}
    for one in results:
        group = members.setdefault(json.dumps(_others(one, goal), default=str), [])
        if score(one, goal.metric) is not None:
            group.append(one)
    found = [_group(each, goal) for each in members.values() if len(each) >= goal.size]
    sign = 1 if goal.minimize else -1
    groups = sorted(
        (one for one in found if not math.isnan(one.score)), key=lambda one: sign * one.score
    )
    # Means of the same numbers in another order may differ in their last digit.
    ties = [one for one in groups if math.isclose(one.score, groups[0].score, rel_tol=1e-12)]
    ties.sort(key=lambda one: one.results[0].key)
    return Ranking([*ties, *groups[len(ties) :]], len(ties), len(members) - len(groups))


def _others(result: Result, goal: Goal) -> dict[str, Any]:
    return {name: value for name, value in result.values.items() if name not in goal.over}


def _group(results: Sequence[Result], goal: Goal) -> Group:
    metrics = [one.metrics or {} for one in results]
    means = {
        name: sum(each[name] for each in metrics) / len(metrics)
        for name in metrics[0]
        if all(name in each for each in metrics)
    }
    mean = means[goal.metric or ""]
    spread = None
    if len(metrics) > 1:
        distances = [each[goal.metric or ""] - mean for each in metrics]
        spread = math.hypot(*distances) / math.sqrt(len(metrics) - 1)
    return Group(_others(results[0], goal), results, means, mean, spread)
