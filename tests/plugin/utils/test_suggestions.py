"""The name that was probably meant."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.utils.suggestions import alike, did_you_mean, nearest


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (["flavor", "dataset", "data"], " Did you mean 'dataset'?"),
        (["x"], ""),
        ([], ""),
    ],
)
def test_nearest(known: list[str], said: str) -> None:
    """The nearest is named, however far it is; nothing is said when there is none."""
    assert did_you_mean("datset", known) == said


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        (
            "MlflowDataset",
            ["MLflowDataSet", "MLflowModelDataset", "MLflowDataset"],
            "MLflowDataSet",
        ),
        ("MlflowDataset", ["MLflowModelDataset", "MLflowDataset"], "MLflowDataset"),
        ("on-failure", ["mode", "on_failure"], "on_failure"),
        ("TRACKING", ["run", "tracking"], "tracking"),
    ],
)
def test_spelling_counts_for_nothing(name: str, known: list[str], meant: str) -> None:
    """Capitals, dashes and underscores make no name another one; of two the first is meant."""
    assert nearest(name, known) == meant


@pytest.mark.parametrize(
    ("name", "is_alike"),
    [("mlfow", True), ("ml_flow", True), ("MLflow", True), ("mlflows", True), ("flow", False)],
)
def test_alike(name: str, is_alike: bool) -> None:
    """A slip or two are told from another word."""
    assert alike(name, "mlflow") is is_alike
