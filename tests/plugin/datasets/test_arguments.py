"""Arguments in catalog.yml: what the MLflow datasets take, and what is said of all else."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.datasets.arguments import check_arguments


@pytest.mark.parametrize(
    ("cls", "argument", "nearest"),
    [
        (MLflowDataset, "datset", "dataset"),
        (MLflowDataset, "file_path", "filepath"),
        (MLflowDataset, "run_id", "saving_run_id"),
        (MLflowModelDataset, "flavour", "flavor"),
        (MLflowModelDataset, "loading_run_id", "run_id"),
    ],
)
def test_unknown_argument(cls: type, argument: str, nearest: str) -> None:
    """The message names the class, the argument, the nearest and all others."""
    with pytest.raises(DatasetError) as caught:
        check_arguments({"type": "x", argument: "csv"}, cls)
    message = f"{cls.__name__} does not take '{argument}'. Did you mean '{nearest}'? It takes: "
    assert str(caught.value).startswith(message)
    assert "metadata" in str(caught.value)


@pytest.mark.parametrize(
    ("cls", "entry"),
    [
        (MLflowDataset, {"dataset": "csv", "versioned": True, "load_args": {"x": 1}}),
        (MLflowDataset, {"dataset": {"type": "pandas.CSVDataset"}, "validator": {"schema": "x"}}),
        (MLflowModelDataset, {"flavor": "sklearn", "pyfunc": True, "run_id": "abc"}),
    ],
)
def test_known_arguments(cls: type, entry: dict[str, Any]) -> None:
    """What the dataset takes, and what Kedro takes out of an entry itself, is let through."""
    check_arguments({"type": "x", **entry}, cls)
