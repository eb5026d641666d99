"""Arguments in catalog.yml: what the MLflow datasets take, and what is said of all else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset
from mlflow_on_kedro.datasets.arguments import check_arguments
from mlflow_on_kedro.datasets.catalog_entries import complete_entry
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
    ("kind", "given", "message"),
    [
        ("MLflowEvaluation", {}, "MLflowEvaluation needs 'scorers', which is missing"),
        ("MLflowEvaluationDataset", {}, "MLflowEvaluationDataset needs 'dataset'"),
        ("MLflowEvaluationDataset", {"dataset": 5}, "`dataset` must be a text (in quotes), not 5"),
        ("MLflowDataset", {"dataset": "m", "load_args": "x"}, "`load_args` must be a mapping"),
        ("MLflowDataset", {"dataset": "csv", "artifact_path": 5}, "`artifact_path` must be a text"),
        ("MLflowDataset", {"saving_tracking_uri": 5}, "`saving_tracking_uri` must be a text"),
        ("MLflowDataset", {"dataset": "csv", "dataset_name": 5}, "`dataset_name` must be a text"),
        ("MLflowModelDataset", {"save_args": "x"}, "`save_args` must be a mapping, not 'x'"),
        ("MLflowModelDataset", {"run_id": 5}, "`run_id` must be a text (in quotes), not 5"),
        ("MLflowModelDataset", {"name": 5}, "`name` must be a text"),
        ("MLflowEvaluation", {"scorers": ["x"], "filepath": 5}, "of the wrong type or form"),
    ],
)
def test_mistakes_in_types(kind: str, given: dict[str, Any], message: str) -> None:
    """A missing argument, or one of a wrong type, is named, and no traceback shown."""
    entry = {"type": f"mlflow_on_kedro.{kind}", **given}
    with pytest.raises(DatasetError, match=re.escape(message)):
        complete_entry("x", entry, lambda: "sqlite:///mlflow.db")


@pytest.mark.parametrize("dataset", [5, True, ["csv"], {"typ": "pandas.CSVDataset"}])
@pytest.mark.parametrize("where", ["catalog", "mlflow_catalog"])
def test_what_is_no_dataset(make_project: MakeProject, dataset: Any, where: str) -> None:
    """It is found before the first node runs."""
    if where == "catalog":
        project = make_project(NODES, catalog={"made": {"type": FILE, "dataset": dataset}})
    else:
        project = make_project(NODES, mlflow={"catalog": {"mlflow_catalog": {"made": dataset}}})
    with pytest.raises(ConfigError, match=r"'made'.*'dataset' must be an extension such as csv"):
        project.session_run()
    assert project.runs() == []


@pytest.mark.parametrize("length", [0, -1, "100", True, 1.5])
def test_max_length(length: Any) -> None:
    """It is a whole number from 1 on, as in mlflow.yml."""
    with pytest.raises(ConfigError, match="'max_length' must be a whole number >= 1"):
        MLflowDataset(dataset="p", dataset_name="x", max_length=length)


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
