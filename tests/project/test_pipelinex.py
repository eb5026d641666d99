"""PipelineX's documented project, names and arguments, after the import is changed."""

from __future__ import annotations

import inspect
from typing import Any

import mlflow_on_kedro
import pytest
from mlflow import MlflowClient

# What PipelineX's README documents (release 0.8.0), with the import name changed and nothing else.
CATALOG_YML = """
# Write a pickle file & upload to MLflow
model:
  type: mlflow_on_kedro.MLflowDataSet
  dataset: pkl

# Write a csv file & upload to MLflow
pred_df:
  type: mlflow_on_kedro.MLflowDataSet
  dataset: csv

# Write an MLflow metric
score:
  type: mlflow_on_kedro.MLflowDataSet
  dataset: m
"""
CATALOG_PY = """
from mlflow_on_kedro import MLflowDataSet

catalog_dict = {
  "model": MLflowDataSet(dataset="pkl"),  # Write a pickle file & upload to MLflow
  "pred_df": MLflowDataSet(dataset="csv"),  # Write a csv file & upload to MLflow
  "score": MLflowDataSet(dataset="m"),  # Write an MLflow metric
}
"""
MLFLOW_CONFIG = """
import mlflow_on_kedro as pipelinex

mlflow_hooks = (
    pipelinex.MLflowBasicLoggerHook(
        uri="sqlite:///mlruns/sqlite.db",
        experiment_name="experiment_001",
        artifact_location="./mlruns/experiment_001",
        offset_hours=0,
    ),
    pipelinex.MLflowCatalogLoggerHook(
        auto=True,
    ),
    pipelinex.MLflowArtifactsLoggerHook(
        filepaths_before_pipeline_run=["conf/base/parameters.yml"],
        filepaths_after_pipeline_run=[
            "info.log",
            "errors.log",
        ],
    ),
    pipelinex.MLflowEnvVarsLoggerHook(
        param_env_vars=["HOSTNAME"],
        metric_env_vars=[],
    ),
    pipelinex.MLflowTimeLoggerHook(),
)
"""
NODES = """
from pathlib import Path

import pandas as pd
from kedro.pipeline import node, pipeline
from sklearn.linear_model import LinearRegression

def train(params):
    return LinearRegression(fit_intercept=params["fit_intercept"]).fit([[0], [1]], [0, 2])

def predict(model):
    Path("info.log").write_text("predicted")
    Path("errors.log").write_text("")
    return pd.DataFrame({"pred": model.predict([[2], [3]])}), {"train": {"batch_size": 32}}

def evaluate(pred_df):
    return float(pred_df["pred"].mean())

def create_pipeline():
    return pipeline([
        node(train, "params:model_kwargs", "model", name="train"),
        node(predict, "model", ["pred_df", "data_loading_config"], name="predict"),
        node(evaluate, "pred_df", "score", name="evaluate"),
    ])
"""


@pytest.mark.parametrize("catalog", ["catalog.yml", "catalog.py"])
def test_documented_project(make_project: Any, catalog: str) -> None:
    """The documented catalog, catalog_dict and hooks run, and everything is in MLflow."""
    hooks = "HOOKS = mlflow_hooks"
    if catalog == "catalog.py":
        hooks = "HOOKS = (AddCatalogDictHook(catalog_dict), *mlflow_hooks)"
    project = make_project(
        NODES,
        catalog=CATALOG_YML if catalog == "catalog.yml" else None,
        parameters="model_kwargs:\n  fit_intercept: true\n",
        settings="",
        new_store=True,
    )
    package = f"src/{project.package}"
    project.write(f"{package}/mlflow_config.py", MLFLOW_CONFIG)
    project.write(f"{package}/catalog.py", CATALOG_PY)
    project.write(
        f"{package}/settings.py",
        f"from mlflow_on_kedro import AddCatalogDictHook\n\nfrom {project.package}.catalog import "
        f"catalog_dict\nfrom {project.package}.mlflow_config import mlflow_hooks\n\n{hooks}\n",
    )
    (project.root / "conf/base/mlflow.yml").unlink()
    done = project.kedro("run", env={"HOSTNAME": "the-host"})
    assert done.returncode == 0, done.stdout + done.stderr
    client = MlflowClient(f"sqlite:///{(project.root / 'mlruns/sqlite.db').as_posix()}")
    experiment = client.get_experiment_by_name("experiment_001")
    assert experiment.artifact_location == (project.root / "mlruns/experiment_001").as_uri()
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params == {"model_kwargs.fit_intercept": "True", "env..HOSTNAME": "the-host"}
    assert run.data.metrics["score"] == pytest.approx(5)
    assert run.data.metrics["data_loading_config.train.batch_size"] == 32
    for name in ("train", "predict", "evaluate"):
        assert f"system/time/{name}" in run.data.metrics
    files = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert files == {
        "model.pkl",
        "pred_df.csv",
        "parameters.yml",
        "info.log",
        "errors.log",
        "gantt.html",
        "kedro",
    }


# Name -> its arguments in PipelineX's order, each with a value to give.
SURFACE: dict[str, dict[str, Any]] = {
    "MLflowDataSet": {
        "dataset": "pkl",
        "filepath": "x.pkl",
        "dataset_name": "x",
        "saving_tracking_uri": "sqlite:///s.db",
        "saving_experiment_name": "e",
        "saving_run_id": "1",
        "loading_tracking_uri": "sqlite:///l.db",
        "loading_run_id": "2",
        "caching": False,
        "copy_mode": "deepcopy",
        "file_caching": False,
    },
    "MLflowBasicLoggerHook": {
        "uri": "sqlite:///x.db",
        "experiment_name": "e",
        "artifact_location": "a",
        "run_name": "n",
        "run_id": "1",
        "nested": True,
        "tags": {"a": 1},
        "offset_hours": 9,
        "enable_logging_time_begin": False,
        "enable_logging_time_end": False,
        "enable_logging_time": False,
        "logging_kedro_run_params": "__ALL__",
        "enable_mlflow": False,
    },
    "MLflowCatalogLoggerHook": {
        "auto": False,
        "mlflow_catalog": {"x": "m"},
        "enable_mlflow": False,
    },
    "MLflowArtifactsLoggerHook": {
        "filepaths_before_pipeline_run": ["a"],
        "filepaths_after_pipeline_run": ["b"],
        "datasets_after_node_run": ["c"],
        "enable_mlflow": False,
    },
    "MLflowEnvVarsLoggerHook": {
        "param_env_vars": ["A"],
        "metric_env_vars": ["B"],
        "prefix": "p",
        "enable_mlflow": False,
    },
    "MLflowTimeLoggerHook": {
        "gantt_filepath": "g.html",
        "gantt_params": {"title": "t"},
        "metric_name_prefix": "p ",
        "task_name_func": str,
        "time_log_filepath": "t.json",
        "enable_plotly": False,
        "enable_mlflow": False,
    },
    "MLflowDataSetsLoggerHook": {"enable_mlflow": False},
    "MLflowOutputsLoggerHook": {"enable_mlflow": False},
    "AddCatalogDictHook": {"catalog_dict": {"x": mlflow_on_kedro.MLflowDataSet(dataset="m")}},
    "MLflowIOTimeLoggerTransformer": {"enable_mlflow": False, "metric_name_prefix": "p "},
}


@pytest.mark.parametrize("name", SURFACE)
def test_arguments(name: str) -> None:
    """Every documented argument is accepted by its name, and by its place in PipelineX's order."""
    arguments = SURFACE[name]
    cls = getattr(mlflow_on_kedro, name)
    assert list(inspect.signature(cls).parameters)[: len(arguments)] == list(arguments)
    cls(**arguments)
    cls(*arguments.values())


FILES = ["json", "csv", "xls", "parquet", "png", "jpg", "jpeg", "img", "pkl", "txt", "yml", "yaml"]
KINDS = ["p", "m", "a", *FILES, None]


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_dataset(kind: str | None) -> None:
    """Every documented value of ``dataset`` is accepted, `a` too, which PipelineX refuses."""
    dataset = mlflow_on_kedro.MLflowDataSet(dataset=kind, dataset_name="x")
    assert dataset.dataset == kind


OLD_NAMES = """
import mlflow_on_kedro as pipelinex

HOOKS = (
    pipelinex.MLflowBasicLoggerHook(enable_logging_time=True, logging_kedro_run_params=["env"]),
    pipelinex.MLflowDataSetsLoggerHook(),
    pipelinex.MLflowTimeLoggerHook(
        gantt_filepath="data/08_reporting/gantt.html",
        gantt_params={"title": "Gantt", "index_col": "Resource", "showgrid_x": True},
        metric_name_prefix="_time_to_run ",
        task_name_func=lambda node: "{} -- {}".format(node.name, " - ".join(node.outputs)),
        time_log_filepath="logs/time.json",
    ),
    pipelinex.MLflowIOTimeLoggerTransformer(metric_name_prefix="_time_to_"),
)
"""


def test_old_metric_names(make_project: Any) -> None:
    """With PipelineX's own prefixes given, its metric names come out as dashboards know them."""
    project = make_project(
        NODES,
        catalog=CATALOG_YML,
        parameters={"model_kwargs": {"fit_intercept": True}},
        settings=OLD_NAMES,
    )
    project.session_run()
    run = project.run
    assert {
        "_time_to_run train -- model",
        "_time_to_run predict -- pred_df - data_loading_config",
        "_time_to_load model",
        "_time_to_save score",
        "score",
    } <= run.data.metrics.keys()
    assert run.data.params["model_kwargs"] == "{'fit_intercept': True}"
    assert "___env" in run.data.params
    assert (project.root / "data/08_reporting/gantt.html").exists()
    assert (project.root / "logs/time.json").exists()
    assert "gantt.html" in project.artifacts(run.info.run_id)
