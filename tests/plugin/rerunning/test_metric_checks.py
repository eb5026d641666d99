"""``--check``: by how much a metric may move."""

from __future__ import annotations

import math

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.rerunning.metric_checks import MetricCheck, parse


@pytest.mark.parametrize(
    ("tolerance", "before", "after", "holds"),
    [
        (0, 0.9, 0.9, True),
        (0, 0.9, 0.9000001, False),
        (0.05, 0.9, 0.85, True),
        (0.05, 0.85, 0.9, True),
        (0.01, 0.9, None, False),
        (0.01, math.nan, math.nan, True),
        (0.01, 0.9, math.nan, False),
        (0.01, math.inf, math.inf, True),
        (0.01, math.inf, 1.0, False),
    ],
)
def test_tolerance(tolerance: float, before: float, after: float | None, holds: bool) -> None:
    """A metric may move in both directions by the tolerance, and not vanish."""
    assert (MetricCheck("x", tolerance).failure(before, after) is None) == holds


def test_name_with_equals_sign() -> None:
    """The last equals sign counts, and `metrics.` may be left out."""
    assert parse("f1=a=0.5", {"f1=a": 1.0}) == MetricCheck("f1=a", 0.5)


@pytest.mark.parametrize("text", ["accuracy", "metrics.=1", "accuracy=x", "accuracy=-1", "a=nan"])
def test_mistakes(text: str) -> None:
    """What cannot be read is said with an example."""
    with pytest.raises(MLflowOnKedroError, match=r"such as --check metrics\.accuracy=0\.01"):
        parse(text, {"accuracy": 1.0})


def test_unknown_metric() -> None:
    """A metric that the run does not have is said before anything runs."""
    with pytest.raises(MLflowOnKedroError, match="Did you mean 'accuracy'"):
        parse("metrics.acuracy=0.1", {"accuracy": 1.0})
