"""Pipelines that are not tracked."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from kedro.framework.session import KedroSession
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.config.switched_off import is_switched_off
from mlflow_on_kedro.utils.pipeline_info import pipeline_names

NODES = """
from kedro.pipeline import node, pipeline

def one():
    return 1

def table():
    return {"a": 1}

def create_pipeline():
    return pipeline([node(one, None, "one"), node(table, None, "table", name="table")])
"""
REGISTRY = """
from kedro.pipeline import pipeline
from {package}.nodes import create_pipeline

def register_pipelines():
    whole = create_pipeline()
    return {{"__default__": whole, "quiet": whole.only_nodes("table"), "loud": whole}}
"""
knows_several = pytest.mark.skipif(
    "pipeline_names" not in inspect.signature(KedroSession.run).parameters,
    reason="this Kedro runs one pipeline at a time",
)
CATALOG = {"table": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"}}


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project with a pipeline that is not tracked."""
    project = make_project(NODES, catalog=CATALOG, mlflow={"disabled_pipelines": ["quiet"]})
    path = f"src/{project.package}/pipeline_registry.py"
    project.write(path, REGISTRY.format(package=project.package))
    return project


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["__default__"]),
        ({"pipeline_name": None, "pipeline_names": None}, ["__default__"]),
        ({"pipeline_name": "a"}, ["a"]),
        ({"pipeline_names": ["a", "b"]}, ["a", "b"]),
        ({"pipeline_names": ("a",)}, ["a"]),
    ],
)
def test_pipeline_names(params: dict[str, Any], names: list[str]) -> None:
    """Every Kedro's way to say which pipelines run."""
    assert pipeline_names(params) == names


@pytest.mark.parametrize(
    ("off", "names", "is_off"),
    [
        ([], ["a"], False),
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["b", "a"], ["a", "b"], True),
    ],
)
def test_all_must_be_disabled(off: list[str], names: list[str], is_off: bool) -> None:
    """A run of which only a part is disabled is tracked."""
    assert is_switched_off(Config(disabled_pipelines=off), {"pipeline_names": names}) is is_off
    assert is_switched_off(Config(enabled=False), {"pipeline_names": names})


def test_the_default_pipeline(project: Any) -> None:
    """It is disabled by its name."""
    project.write("conf/base/mlflow.yml", "disabled_pipelines: [__default__]")
    project.session_run()
    assert project.runs() == []


@pytest.mark.parametrize("runner", ["SequentialRunner", "ParallelRunner"])
def test_nothing_is_logged(project: Any, runner: str) -> None:
    """A disabled pipeline runs, its MLflow datasets are plain ones, and there is no run."""
    import kedro.runner

    project.session_run(pipeline_name="quiet", runner=getattr(kedro.runner, runner)())
    assert (project.root / "data/mlflow/table.json").exists()
    assert project.runs() == []
    assert not (project.root / ".mlflow_on_kedro").exists()


@pytest.mark.parametrize(
    "which",
    [
        {"pipeline_name": "loud"},
        pytest.param({"pipeline_names": ["quiet", "loud"]}, marks=knows_several),
        {},
    ],
)
def test_others_are_tracked(project: Any, which: Any) -> None:
    """All other pipelines, and those together with others, are tracked."""
    project.session_run(**which)
    assert project.run.data.metrics["one"] == 1


@pytest.mark.parametrize("option", ["--pipeline", pytest.param("--pipelines", marks=knows_several)])
def test_the_command(project: Any, option: str) -> None:
    """`kedro run --pipelines` and `--pipeline` are the same; mlflow is not even imported."""
    done = project.kedro("run", f"{option}=quiet", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0, done.stderr
    assert " mlflow\n" not in done.stderr
    assert project.runs() == []


def test_a_misspelt_name(project: Any, said: list[str]) -> None:
    """A name that no pipeline has is said, with the nearest."""
    project.write("conf/base/mlflow.yml", "disabled_pipelines: [quite]")
    project.session_run()
    assert said == ["disabled_pipelines: there is no pipeline 'quite'. Did you mean 'quiet'?"]
