"""What a platform puts into the environment means here what it means to MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.delivery.backlog import find
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.tracking.store import WORKING_FOLDER

NODES = """
import mlflow
from kedro.pipeline import node, pipeline

def train(n):
    with mlflow.start_run(nested=True, run_name="fold"):
        mlflow.log_metric("loss", n)
    mlflow.log_metric("n", n)

def create_pipeline():
    return pipeline([node(train, "params:n", None, name="train")])
"""
SLEEPING = """
import time
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(time.sleep, "params:seconds", None, name="sleep")])
"""
PARENT = "mlflow.parentRunId"


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project whose node starts a run of its own."""
    return make_project(NODES, parameters={"n": 3}, mlflow={"time": {"gantt": False}})


def test_run_and_experiment(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that a platform has made is used, and the next is a new one in its experiment."""
    experiment = project.client.create_experiment("platform")
    given = project.client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", given)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment)
    monkeypatch.setenv("MLFLOW_RUN_NAME", "{pipeline}, nightly")
    project.session_run()
    (child, run) = project.runs("platform")
    assert (run.info.run_id, run.info.status) == (given, "FINISHED")
    assert run.data.metrics["n"] == 3
    assert (child.info.run_name, child.data.tags[PARENT]) == ("fold", given)
    project.session_run(node_names=["train"])
    names = [run.info.run_name for run in project.runs("platform")]
    assert sorted(names[:2]) == ["__default__, nightly", "fold"]
    assert project.context().mlflow.experiment == "platform"
    assert project.runs() == []


def test_a_child(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``run.nested`` the platform's run is the parent; the child is beside it."""
    experiment = project.client.create_experiment("platform")
    parent = project.client.create_run(experiment).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", parent)
    nested = {"run": {"nested": True, "name": "child of {pipeline}"}, "experiment": {"name": "x"}}
    project.session_run(runtime_params={"mlflow": nested})
    fold, run, above = project.runs("platform")
    assert (run.info.run_name, run.data.tags[PARENT]) == ("child of __default__", parent)
    assert fold.data.tags[PARENT] == run.info.run_id
    assert (above.info.run_id, above.info.status) == (parent, "RUNNING")
    project.session_run(runtime_params={"mlflow": {"run": {"parent": parent}}})
    assert project.runs("platform")[1].data.tags[PARENT] == parent


@pytest.mark.parametrize("is_relative", [False, True])
def test_another_working_folder(
    make_project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, is_relative: bool
) -> None:
    """With MLFLOW_ON_KEDRO_HOME nothing is written into the project, which may be read-only."""
    project = make_project(SLEEPING, parameters={"seconds": 0}, mlflow={"time": {"gantt": False}})
    (project.root / WORKING_FOLDER).write_text("no folder can be made here")
    volume = tmp_path / "volume"
    monkeypatch.setenv("MLFLOW_ON_KEDRO_HOME", "../volume" if is_relative else str(volume))
    monkeypatch.setenv("MLFLOW_ON_KEDRO_MODE", "offline")
    project.session_run(runtime_params={"mlflow": {"run": {"resume": True}}})
    assert {path.name for path in (volume / project.package).iterdir()} >= {"journal", "last_runs"}
    (journal,) = find(project.root)
    assert [found.folder.name for found in find(volume)] == [journal.folder.name]
    assert deliver(journal, Connection(project.uri), project.root).status == "FINISHED"
    assert project.run.info.status == "FINISHED"


def test_sessions_of_the_same_second(make_project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of an array that Kedro gives one session id are runs of their own."""
    monkeypatch.setattr("kedro.framework.session.session.generate_timestamp", lambda: "the.same")
    project = make_project(SLEEPING, parameters={"seconds": 0}, mlflow={"time": {"gantt": False}})
    for task in "01":
        monkeypatch.setenv("SLURM_JOB_ID", "77")
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", task)
        project.session_run()
    runs = project.runs()
    assert [run.data.tags["kedro.run_id"] for run in runs] == ["the.same"] * 2
    assert [run.data.tags["slurm.array_task_id"] for run in runs] == ["1", "0"]
    assert {run.info.status for run in runs} == {"FINISHED"}


@pytest.mark.parametrize(
    ("enabled", "interval", "expected"), [(None, None, 1), (False, None, 0), (None, "0.1", 2)]
)
def test_system_metrics(
    make_project: Any,
    monkeypatch: pytest.MonkeyPatch,
    enabled: bool | None,
    interval: str | None,
    expected: int,
) -> None:
    """MLflow's switch is used where mlflow.yml says nothing, and its interval."""
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    if interval:
        monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", interval)
    project = make_project(
        SLEEPING,
        parameters={"seconds": 0.3},
        mlflow={"time": {"gantt": False}, "system_metrics": {"enabled": enabled}},
    )
    project.session_run()
    points = project.client.get_metric_history(
        project.run.info.run_id, "system/cpu_utilization_percentage"
    )
    assert len(points) >= expected
    assert bool(points) is bool(expected)
