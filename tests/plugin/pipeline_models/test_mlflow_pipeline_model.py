"""``MLflowPipelineModel``: a pipeline as a model in Python."""

from __future__ import annotations

import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import polars as pl
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline, node, pipeline
from mlflow_on_kedro import ConfigError, MLflowOnKedroError, MLflowPipelineModel
from sklearn.linear_model import LinearRegression

from tests.prices import make_prices

FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0]})


def predict(table: pd.DataFrame, model: LinearRegression, factor: float) -> Any:
    """A node that predicts."""
    return model.predict(table) * factor


PIPELINE = pipeline([node(predict, ["table", "model", "params:factor"], "found", name="predict")])


@pytest.fixture
def catalog() -> DataCatalog:
    """A catalog in memory, as a test of a user's has it."""
    return DataCatalog(
        {
            "model": MemoryDataset(LinearRegression().fit(FRAME, 2 * FRAME["x"])),
            "params:factor": MemoryDataset(1.0),
        }
    )


def test_predicting(catalog: DataCatalog) -> None:
    """It predicts without any run or project, and keeps what the catalog held at first."""
    model = MLflowPipelineModel(PIPELINE, catalog, input="table")
    catalog["model"] = MemoryDataset(None)
    assert model.predict(FRAME).round(6).tolist() == [2.0, 4.0, 6.0]
    assert model.predict(FRAME, {"factor": 10.0}).round(6).tolist() == [20.0, 40.0, 60.0]


def test_saving(catalog: DataCatalog, tmp_path: Path, said: list[str]) -> None:
    """The saved model predicts the same, has a signature, and pins what its values need."""
    model = MLflowPipelineModel(PIPELINE, catalog, "table", metadata={"team": "wine"})
    model.save(tmp_path / "one", FRAME)
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "one"))
    assert loaded.predict(FRAME).round(6).tolist() == [2.0, 4.0, 6.0]
    assert loaded.metadata.get_input_schema().input_names() == ["x"]
    assert loaded.metadata.metadata == {"team": "wine"}
    required = (tmp_path / "one/requirements.txt").read_text()
    assert "scikit-learn==" in required
    assert said == []
    model.save(tmp_path / "two")
    (message,) = said
    assert message == (
        "MLflowPipelineModel 'model': the catalog has no value of 'table', so the model gets no "
        "signature for its input. Give a value as `model_input`."
    )


def test_a_column_without_a_type(catalog: DataCatalog, tmp_path: Path) -> None:
    """MLflow has no type for durations, and the loaded model gets all columns all the same."""
    nodes = pipeline([node(list, "table", "names")])
    frame = FRAME.assign(y=2, age=pd.to_timedelta([1, 2, 3], unit="s"))
    MLflowPipelineModel(nodes, catalog, "table").save(tmp_path / "one", frame)
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "one"))
    assert loaded.predict(frame) == ["x", "y", "age"]


def test_polars(catalog: DataCatalog, tmp_path: Path, said: list[str]) -> None:
    """A pipeline that takes a table of Polars gets one: MLflow's signature would refuse it."""
    nodes = pipeline([node(lambda table: table.sum_horizontal().to_list(), "table", "sums")])
    frame = pl.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    MLflowPipelineModel(nodes, catalog, "table").save(tmp_path / "one", frame)
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "one"))
    assert loaded.predict(frame) == [4.0, 6.0]
    (message,) = said
    assert "MLflow has no types for 'table', a polars.DataFrame, so the model's sig" in message


def test_a_notebooks_function(catalog: DataCatalog, tmp_path: Path) -> None:
    """A function that was written in a notebook goes into the model, with what it imports."""
    notebook = types.ModuleType("__main__")
    exec(  # noqa: S102 - as a notebook does
        "import plotly\ndef cell(table, model, factor):\n    return plotly.__version__, factor",
        vars(notebook),
    )
    nodes = pipeline([node(notebook.cell, ["table", "model", "params:factor"], "found")])
    model = MLflowPipelineModel(nodes, catalog, "table")
    assert model.predict(FRAME)[1] == 1.0
    model.save(tmp_path / "one", FRAME)
    assert "plotly==" in (tmp_path / "one/requirements.txt").read_text()


def test_logging(catalog: DataCatalog, store_uri: str, client: Any) -> None:
    """It is logged to the run that is active, and registered."""
    model = MLflowPipelineModel(
        PIPELINE, catalog, "table", "prices", registered_model_name="p", alias="newest"
    )
    with pytest.raises(MLflowOnKedroError, match="No MLflow run is active"):
        model.log(FRAME)
    mlflow.set_tracking_uri(store_uri)
    with mlflow.start_run() as run:
        uri = model.log(FRAME)
    assert uri == f"runs:/{run.info.run_id}/prices"
    assert mlflow.pyfunc.load_model(uri).predict(FRAME).round(6).tolist() == [2.0, 4.0, 6.0]
    assert client.get_model_version_by_alias("p", "newest").run_id == run.info.run_id


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"input": "tabel"}, "'tabel' is no input of the pipeline 'm'. Its inputs: model, table"),
        ({"runner": "x"}, "MLflowPipelineModel 'm': ValueError: runner: 'x' is none of"),
        ({"copy_mod": "copy"}, "unknown key 'pipeline_models.m.copy_mod'. Did you mean"),
        ({"catalog": DataCatalog()}, "reads 'model', which the catalog does not have."),
    ],
)
def test_mistakes(catalog: DataCatalog, given: dict[str, Any], message: str) -> None:
    """Each mistake has one clear message."""
    with pytest.raises(ConfigError) as raised:
        MLflowPipelineModel(
            PIPELINE, **{"catalog": catalog, "input": "table", "name": "m", **given}
        )
    assert message in raised.value.message


def test_in_a_notebook(make_project: Callable[..., Any], tmp_path: Path) -> None:
    """With the catalog of a project it is the model that a run would log."""
    from kedro.framework.project import pipelines

    project = make_prices(make_project, mlflow={})
    project.session_run()
    catalog = project.context().catalog
    inference: Pipeline = pipelines["inference"]
    model = MLflowPipelineModel(inference, catalog, input="features", copy_mode={"model": "copy"})
    frame = pd.DataFrame({"size": [10.0], "colour": ["blue"]})
    assert model.predict(frame)["price"].tolist() == [13.0]
    model.save(tmp_path / "one", frame)
    assert {path.name for path in (tmp_path / "one/code").iterdir()} == {
        project.package,
        "kedro_pipeline_model.py",
    }
    described = json.loads((tmp_path / "one/data/pipeline/pipeline.json").read_text())
    assert described["copy_mode"] == {"model": "copy"}
