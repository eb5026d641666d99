"""``docs/from-kedro-mlflow.md`` leaves out no key, class, argument or command."""

from __future__ import annotations

import inspect
from typing import Any

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.sections import Config

from tests.peers.keeping import recorded, surface_of

from .pages import Page, code

PAGE = Page("from-kedro-mlflow.md")
TAKES = recorded(surface_of("kedro-mlflow"))
KEYS = PAGE.rows("`mlflow.yml` before")
# Class -> the class here.
CLASSES = {
    "MlflowArtifactDataset": "MLflowDataset",
    "MlflowMetricDataset": "MLflowDataset",
    "MlflowMetricHistoryDataset": "MLflowDataset",
    "MlflowMetricsHistoryDataset": "MLflowDataset",
    "MlflowModelTrackingDataset": "MLflowModelDataset",
}


def test_every_key_has_a_row() -> None:
    """The table has all keys of kedro-mlflow's mlflow.yml."""
    assert sorted(code(row[0])[0] for row in KEYS) == TAKES["KedroMlflowConfig"]


@pytest.mark.parametrize("key", [key for row in KEYS for key in code(row[1])])
def test_every_key_of_ours_is_one(key: str) -> None:
    """Each key that the page gives instead is there."""
    value: Any = Config()
    for part in key.split("."):
        assert hasattr(value, part)
        value = getattr(value, part)


@pytest.mark.parametrize("name", CLASSES)
def test_every_argument_has_a_row(name: str) -> None:
    """Each argument of a class has a row, and names what the class here takes."""
    rows = PAGE.rows(f"`{name}`")
    assert sorted(code(row[0])[0] for row in rows) == sorted(TAKES[name])
    ours = set(inspect.signature(getattr(mlflow_on_kedro, CLASSES[name])).parameters)
    assert {given for row in rows for given in code(row[1])} <= ours | {"versioned"}
