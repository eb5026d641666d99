"""``pipeline_ml_factory``: a training pipeline whose inference pipeline becomes a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.compat import pipeline_ml_factory
from mlflow_on_kedro.compat.kedro_mlflow.pipeline_ml import model_entry
from mlflow_on_kedro.errors import ConfigError

PIPELINE = """
import pandas as pd
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.compat import pipeline_ml_factory

def prepare():
    return pd.DataFrame({"x": [1.0, 2.0]})

def train(table, factor):
    return {"slope": factor}

def predict(model, table):
    return table["x"] * model["slope"]

def create_pipeline():
    training = pipeline([
        node(prepare, None, "table", name="prepare"),
        node(train, ["table", "params:factor"], "model", name="train"),
    ])
    inference = pipeline([node(predict, ["model", "table"], "predictions", name="predict")])
    return pipeline_ml_factory(
        training, inference, "table", log_model_kwargs=dict(signature="auto", KWARGS)
    )
"""
CATALOG = {
    "model": {
        "type": "kedro_mlflow.io.artifacts.MlflowArtifactDataset",
        "dataset": {"type": "pickle.PickleDataset", "filepath": "data/model.pkl"},
    },
    "table": {"type": "pandas.CSVDataset", "filepath": "data/table.csv"},
}


def test_a_run_logs_the_model(make_project: Callable[..., Any]) -> None:
    """The model is in the run, under the name that the factory was given, and predicts."""
    import mlflow
    import pandas as pd

    made = make_project(
        PIPELINE.replace("KWARGS", "name='predictor'"),
        catalog=CATALOG,
        parameters={"factor": 3.0},
        mlflow="server: {mlflow_tracking_uri: 'sqlite:///mlflow.db'}\n",
    )
    made.session_run()
    mlflow.set_tracking_uri(made.uri)
    model = mlflow.pyfunc.load_model(f"runs:/{made.run.info.run_id}/predictor")
    found = model.predict(pd.DataFrame({"x": [2.0]}))
    assert list(found) == [6.0]


def test_a_part_of_the_training(make_project: Callable[..., Any]) -> None:
    """A run of some nodes logs no model; a sum with other pipelines is a plain pipeline."""
    made = make_project(PIPELINE.replace("KWARGS", ""), catalog=CATALOG, parameters={"factor": 3.0})
    made.session_run(node_names=["prepare"])
    assert not made.client.search_logged_models([made.run.info.experiment_id])


def test_an_argument_that_has_no_key(make_project: Callable[..., Any]) -> None:
    """It is said before the pipeline runs."""
    made = make_project(
        PIPELINE.replace("KWARGS", "resources=[]"), catalog=CATALOG, parameters={"factor": 3.0}
    )
    with pytest.raises(ConfigError, match=r"of the pipeline '__default__': .* resources"):
        made.session_run()


class TestModelEntry:
    """The arguments as keys of ``pipeline_models``."""

    training = pipeline([node(max, "wines", "model", name="train")])
    inference = pipeline([node(min, ["model", "new"], "best", name="predict")])

    def test_all_arguments(self) -> None:
        """Each has its key; what is not needed is left out."""
        from kedro.runner import ThreadRunner

        made = pipeline_ml_factory(
            self.training,
            self.inference,
            "new",
            kpm_kwargs={"copy_mode": {"model": "assign"}, "runner": ThreadRunner},
            log_model_kwargs={
                "artifact_path": "best",
                "signature": "auto",
                "code_path": ["src"],
                "input_example": [1],
                "registered_model_name": "wines",
                "conda_env": None,
            },
        )
        found = model_entry(made)
        assert found is not None
        assert (found.name, found.unknown) == ("best", [])
        assert found.entry == {
            "input": "new",
            "input_example": True,
            "copy_mode": {"model": "assign"},
            "runner": "ThreadRunner",
            "code_paths": ["src"],
            "registered_model_name": "wines",
        }

    def test_the_default_name(self) -> None:
        """It is kedro-mlflow's."""
        found = model_entry(pipeline_ml_factory(self.training, self.inference, "new"))
        assert found is not None
        assert (found.name, found.entry) == ("model", {"input": "new"})

    @pytest.mark.parametrize(
        "part",
        [
            lambda made: made.tag("x"),
            lambda made: made.filter(node_names=["train"]),
            lambda made: made.from_nodes("train"),
            lambda made: made.to_nodes("train"),
            lambda made: made.only_nodes("train"),
            lambda made: made.from_inputs("wines"),
            lambda made: made.to_outputs("model"),
            lambda made: made.tag("x").only_nodes_with_tags("x"),
            lambda made: made & made.only_nodes("train"),
            lambda made: made - made.only_nodes("report"),
        ],
    )
    def test_a_part(self, part: Callable[[Any], Any]) -> None:
        """It has the inference pipeline, too, and all arguments."""
        training = self.training + pipeline([node(min, "wines", "report", name="report")])
        made = pipeline_ml_factory(
            training, self.inference, "new", {"copy_mode": "assign"}, {"name": "best"}
        )
        found = part(made)
        assert "train" in {one.name for one in found.nodes}
        assert found.inference is self.inference
        assert model_entry(found) == model_entry(made)

    def test_arguments_of_before_0_8(self) -> None:
        """They are those of `log_model_kwargs`; others are refused, as by any function."""
        old = {"model_name": "best", "conda_env": "a.yml", "model_signature": "auto"}
        found = model_entry(pipeline_ml_factory(self.training, self.inference, "new", **old))
        assert found is not None
        assert (found.name, found.unknown) == ("best", [])
        assert found.entry == {"input": "new", "conda_env": "a.yml"}
        with pytest.raises(TypeError, match="no argument 'model_names'"):
            pipeline_ml_factory(self.training, self.inference, "new", model_names="x")

    def test_a_plain_pipeline(self) -> None:
        """It has no model."""
        assert model_entry(self.training) is None
        assert (
            model_entry(pipeline_ml_factory(self.training, self.inference, "new") | self.inference)
            is None
        )

    def test_a_wrong_input(self) -> None:
        """The message has the inputs that there are."""
        with pytest.raises(ValueError, match=r"input_name=None .* Its inputs: model, new."):
            pipeline_ml_factory(self.training, self.inference)
