"""Arguments in catalog.yml: what the MLflow datasets take, and what is said of all else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.datasets.arguments import check_arguments
from mlflow_on_kedro.errors import ConfigError

MODEL = "mlflow_on_kedro.MLflowModelDataset"
FILE = "mlflow_on_kedro.MLflowDataset"
NODES = """
from kedro.pipeline import node, pipeline

def make():
    return 1

def create_pipeline():
    return pipeline([node(make, None, "made")])
"""

MakeProject = Callable[..., Any]


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


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"type": MODEL, "alias": "champion"}, "`alias` needs a registered model: give"),
        ({"type": MODEL, "model_uri": "models:/wines"}, "`model_uri`: 'models:/wines' is not one"),
        ({"type": FILE, "dataset": "csv", "copy_mode": "shallow"}, "'copy_mode' must be one of"),
        ({"type": FILE, "dataset": "m", "save_args": {"mode": "add"}}, "'save_args.mode' must be"),
    ],
)
def test_wrong_values(make_project: MakeProject, entry: dict[str, Any], message: str) -> None:
    """They are found before Kedro makes the dataset, whose error would be a traceback's last."""
    project = make_project(NODES, catalog={"made": entry})
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        project.session_run()
    assert "made" in str(caught.value).partition(message)[0]
    assert project.runs() == []


def test_the_values_of_a_factory(make_project: MakeProject) -> None:
    """Those of a dataset factory are complete only once Kedro has filled in a name."""
    entry = {"type": MODEL, "model_uri": "models:/{name}"}
    project = make_project(NODES, catalog={"{name}#model": entry})
    project.session_run()


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({"type": "pandas.ParquetDatset", "filepath": "x"}, "'ParquetDatset' not found"),
        ({"type": "json.JSONDataset", "filepath": "x", "indent": 2}, "does not take indent"),
    ],
)
def test_wrong_inner_datasets(
    make_project: MakeProject, dataset: dict[str, Any], message: str
) -> None:
    """A misspelt class or argument below `dataset` is found before anything runs."""
    project = make_project(NODES, catalog={"made": {"type": FILE, "dataset": dataset}})
    with pytest.raises(ConfigError, match=message) as caught:
        project.session_run()
    assert str(caught.value).startswith("'made' in the catalog: ")
    assert project.runs() == []
