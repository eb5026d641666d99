"""``run.resume``: a pipeline that failed goes on in the same MLflow run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

NODES = """
import os
import signal
from pathlib import Path

from kedro.pipeline import node, pipeline

def first(n):
    return {"n": n}

def second(made):
    what = Path("fate").read_text() if Path("fate").exists() else ""
    if what == "fail":
        raise ValueError("no luck")
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return made["n"] * 2

def third(twice, n):
    return twice + n

def create_pipeline():
    return pipeline([
        node(first, "params:n", "made", name="first"),
        node(second, "made", "twice", name="second"),
        node(third, ["twice", "params:n"], "end", name="third"),
    ])
"""
DATASET = "mlflow_on_kedro.MLflowDataset"
CATALOG = {
    "made": {"type": DATASET, "dataset": "json"},
    "twice": {"type": DATASET, "dataset": "m"},
    "end": {"type": DATASET, "dataset": "m"},
}
RESUME = {"mlflow": {"run": {"resume": True}}}


@pytest.fixture
def make(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a project whose second node fails."""

    def make_(**tracking: Any) -> Any:
        project = make_project(
            NODES,
            catalog=CATALOG,
            parameters={"n": 3},
            mlflow={"tracking": {"on_failure": "raise", **tracking}},
        )
        project.write("fate", "fail")
        return project

    return make_


def fail(project: Any, **given: Any) -> None:
    """Run the pipeline until its second node fails."""
    project.write("fate", "fail")
    with pytest.raises(ValueError, match="no luck"):
        project.session_run(**given)
    project.write("fate", "")


def check(project: Any) -> Any:
    """One FINISHED run that has what all of the pipeline has made, and no error."""
    run = project.run
    assert run.info.status == "FINISHED"
    assert {"error", "kedro.failed_node"} & run.data.tags.keys() == set()
    assert (run.data.metrics["twice"], run.data.metrics["end"]) == (6, 9)
    assert {f"system/time/{name}" for name in ("first", "second", "third")} <= set(run.data.metrics)
    assert "made.json" in project.artifacts(run.info.run_id)
    return run


def test_from_nodes(make: Any) -> None:
    """``--from-nodes`` after a failure completes the run that failed."""
    project = make()
    fail(project)
    failed = project.run
    project.session_run(from_nodes=["second"], runtime_params=RESUME)
    run = check(project)
    assert run.info.run_id == failed.info.run_id
    assert run.info.start_time == failed.info.start_time
    assert run.info.end_time > failed.info.end_time
    assert run.data.params == failed.data.params
    history = run.data.tags["kedro.resumed_after"]
    assert history == "FAILED in the node second: ValueError: no luck"
    assert run.data.tags["kedro_command"].startswith("kedro run --from-nodes=second")
    project.session_run(runtime_params=RESUME)
    assert len(project.runs()) == 2, "the last run of the pipeline has finished"


def test_a_changed_parameter(make: Any) -> None:
    """A parameter that was changed since keeps its first value; the later one is a tag."""
    project = make()
    fail(project)
    project.session_run(from_nodes=["second"], runtime_params={"n": 4, **RESUME})
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params["n"] == "3"
    assert run.data.tags["param_changed.n"] == "4"


def test_it_fails_again(make: Any) -> None:
    """A run may go on more than once, and fail again with the error of that time."""
    project = make()
    fail(project)
    fail(project, from_nodes=["second"], runtime_params=RESUME)
    run = project.run
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "ValueError: no luck"
    project.session_run(from_nodes=["second"], runtime_params=RESUME)
    history = check(project).data.tags["kedro.resumed_after"]
    assert history == "\n".join(["FAILED in the node second: ValueError: no luck"] * 2)


def test_without_it(make: Any) -> None:
    """Without ``run.resume`` a run after a failure is a new one."""
    project = make()
    fail(project)
    project.session_run(from_nodes=["second"])
    assert [run.info.status for run in project.runs()] == ["FINISHED", "FAILED"]


def test_only_missing_outputs(make: Any) -> None:
    """``--only-missing-outputs`` runs what is missing, in the run that failed."""
    project = make()
    fail(project)
    begin = project.run.data.metrics["system/time/first"]
    project.session_run(only_missing_outputs=True, runtime_params=RESUME)
    assert check(project).data.metrics["system/time/first"] == begin


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed(make: Any) -> None:
    """What ``kill -9`` has ended goes on too, with ``kedro run --params``, and it is said."""
    project = make()
    project.write("fate", "kill")
    assert project.kedro("run").returncode not in (0, 1)
    project.write("fate", "")
    words = ("--from-nodes=second", "--params=mlflow.run.resume=true")
    done = project.kedro("run", *words)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, said
    run = check(project)
    assert f"Going on with the run {run.info.run_name}" in said
    assert run.data.tags["kedro.resumed_after"] == "KILLED in the node second"
    assert "kedro.interrupted_nodes" not in run.data.tags


def sync(project: Any) -> str:
    """Run ``kedro mlflow sync``."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    result = CliRunner().invoke(cli, ["mlflow", "sync"], obj=metadata)
    assert result.exit_code == 0, result.output
    return result.output


def test_offline(make: Any) -> None:
    """Where MLflow cannot be asked it is decided when both are delivered."""
    project = make(mode="offline")
    fail(project)
    project.session_run(from_nodes=["second"], runtime_params=RESUME)
    assert project.runs() == []
    sync(project)
    assert check(project).data.tags["kedro.resumed_after"].startswith("FAILED in the node second")


def test_the_failure_is_not_delivered_yet(make: Any) -> None:
    """A failed run that MLflow has not got is delivered first, and then gone on with."""
    project = make(mode="offline")
    fail(project)
    given = {"mlflow": {"run": {"resume": True}, "tracking": {"mode": "online"}}}
    project.session_run(from_nodes=["second"], runtime_params=given)
    check(project)
    assert list((project.root / ".mlflow_on_kedro" / "journal").glob("*/run.json")) == []


def test_an_input_that_is_not_here(make: Any) -> None:
    """What the failed attempt has saved is loaded from its run where the local file is gone."""
    project = make()
    fail(project)
    (project.root / "data/mlflow/made.json").unlink()
    project.session_run(from_nodes=["second"], runtime_params=RESUME)
    check(project)
