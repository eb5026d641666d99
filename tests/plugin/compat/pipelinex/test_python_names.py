"""Where the names of PipelineX are here."""

from __future__ import annotations

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.compat.pipelinex.names import NAMES
from mlflow_on_kedro.compat.pipelinex.python_names import ADVICE, IMPORTS


def test_same_names() -> None:
    """Each name that is said to be here is public here."""
    assert set(NAMES) <= set(mlflow_on_kedro.__all__)
    assert {f"pipelinex.{name}" for name in NAMES} <= IMPORTS.keys()


@pytest.mark.parametrize(
    "path",
    [
        "pipelinex.MLflowBasicLoggerHook",
        "pipelinex.mlflow_on_kedro.hooks.mlflow.mlflow_basic_logger.MLflowBasicLoggerHook",
        "pipelinex.extras.hooks.mlflow.mlflow_time_logger.MLflowTimeLoggerHook",
        "pipelinex.extras.datasets.mlflow.MLflowDataSet",
        "pipelinex.mlflow_on_kedro.transformers.mlflow.MLflowIOTimeLoggerTransformer",
        "pipelinex.mlflow_on_kedro.decorators.mlflow_logger.mlflow_log_time",
        "pipelinex.extras.hooks.add_catalog_dict.AddCatalogDictHook",
    ],
)
def test_imports(path: str) -> None:
    """A name is the same here, wherever PipelineX had it."""
    assert IMPORTS[path] == f"mlflow_on_kedro.{path.rpartition('.')[2]}"


def test_advice() -> None:
    """What is not here has a way of its own."""
    assert "plain values" in ADVICE["HatchDict"]
    assert "pandas.CSVDataset" in ADVICE["CSVLocalDataset"]
    assert not ADVICE.keys() & NAMES.keys()
