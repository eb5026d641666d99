"""``--check metrics.accuracy=0.01``: by how much a metric may differ from that of the first run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import MLflowOnKedroError
from ..history.texts import number
from ..utils.suggestions import did_you_mean

_PREFIX = "metrics."


@dataclass(frozen=True)
class MetricCheck:
    """How much a metric may differ.

    Attributes:
        metric: The metric's name.
        tolerance: The largest difference that is allowed.
    """

    metric: str
    tolerance: float

    def failure(self, before: float, after: float | None) -> str | None:
        """Compare the metric of two runs.

        Args:
            before: Its value in the first run.
            after: Its value in the second run; None: it has none.

        Returns:
            What is wrong; None: nothing.

        Example:
            >>> MetricCheck("accuracy", 0.01).failure(0.9, 0.85)
            'accuracy has moved by 0.05, which is more than 0.01: 0.9 -> 0.85'
            >>> MetricCheck("accuracy", 0.05).failure(0.9, 0.85)
        """
        if after is None:
            return f"{self.metric} is missing in the new run; it was {number(before)}"
        moved = abs(after - before)
        # The difference of decimal numbers is not exact: 0.9 - 0.85 is a little more than 0.05.
        is_within = moved <= self.tolerance or math.isclose(moved, self.tolerance, rel_tol=1e-9)
        if before == after or (math.isnan(before) and math.isnan(after)) or is_within:
            return None
        return (
            f"{self.metric} has moved by {number(moved)}, which is more than "
            f"{number(self.tolerance)}: {number(before)} -> {number(after)}"
        )


def parse(text: str, metrics: Mapping[str, float]) -> MetricCheck:
    """Read the value of the option ``--check``.

    Args:
        text: The user's text.
        metrics: The metrics of the run to repeat.

    Raises:
        MLflowOnKedroError: It is no metric of that run with a number.

    Example:
        >>> parse("metrics.accuracy=0.01", {"accuracy": 0.9})
        MetricCheck(metric='accuracy', tolerance=0.01)
    """
    name, _, tolerance = text.rpartition("=")
    metric = name.strip().removeprefix(_PREFIX)
    try:
        allowed = float(tolerance)
    except ValueError:
        allowed = math.nan
    if not metric or not allowed >= 0:
        raise MLflowOnKedroError(
            f"--check {text}: write a metric and by how much it may differ, such as "
            "--check metrics.accuracy=0.01"
        )
    if metric not in metrics:
        hint = did_you_mean(metric, metrics) or (
            f" It has: {', '.join(sorted(metrics)[:10])}." if metrics else " It has no metric."
        )
        raise MLflowOnKedroError(f"--check {text}: the run has no metric '{metric}'.{hint}")
    return MetricCheck(metric, allowed)
