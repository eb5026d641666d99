"""The commands that look back on runs and repeat them, with an MLflow server over HTTP."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

from tests.git_calls import commit_all

from .nodes import NODES
from .processes import ended, wait_until
from .project import FaultProject
from .proxy import Proxy
from .rules import holds, on

SWEEP = ("mlflow", "sweep", "--param", "n=3,4,5", "--optimize", "metrics.late")
LATE = {"n=3": 21.0, "n=4": 27.0, "n=5": 33.0}
RUN = {3: "n=3", 4: "n=4", 5: "n=5"}


def invoke(project: FaultProject, *words: str) -> Result:
    """Run a command in this process."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.project.package)
    return CliRunner().invoke(cli, ["mlflow", *words], obj=metadata)


def run_with(project: FaultProject, n: int) -> Any:
    """Run the pipeline in this process, and return its run."""
    name = RUN[n]
    project.project.session_run(runtime_params={"n": n, "mlflow": {"run": {"name": name}}})
    return next(run for run in project.runs() if run.info.run_name == name)


def test_runs_show_and_diff(project: FaultProject, proxy: Proxy) -> None:
    """They find runs, what one has, and what differs, and say where the server was named."""
    run_with(project, 3)
    run_with(project, 4)
    listed = invoke(project, "runs")
    assert [line.split()[1] for line in listed.output.splitlines()] == ["name", "n=4", "n=3"]
    best = invoke(project, "runs", "--best", "metrics.late", "--json")
    (content,) = json.loads(best.output)
    assert (content["name"], content["metrics"]["late"]) == ("n=4", 27)
    shown = invoke(project, "show", content["run_id"][:8]).output
    for words in ("n=4 FINISHED", "late", "report.json", "middle  "):
        assert words in shown
    differing = invoke(project, "diff", "n=3", "n=4", "--exit-code")
    assert differing.exit_code == 1, differing.output
    assert "Likely cause: parameters (n: 3 -> 4)" in differing.output
    assert re.search("late +21 -> 27", differing.output)
    proxy.rules = [on(holds("mlflow-artifacts"), "drop")]
    away = invoke(project, "show", "n=4", "--uri", proxy.uri)
    assert "Check the option --uri, and the server." in " ".join(away.output.split())


@pytest.mark.slow
def test_rerun(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """The present code repeats a run; --worktree brings the old code's metric back."""
    project = make_fault_project(proxy.uri)
    project.project.write(".gitignore", "data/\n.mlflow_on_kedro/\n__pycache__/\nlocal/\nmlflow*\n")
    commit_all(project.root, "First")
    first = run_with(project, 3)
    nodes = NODES.replace("sum(series)", "10 * sum(series)")
    project.project.write(f"src/{project.project.package}/nodes.py", nodes)
    commit_all(project.root, "Second")
    present = project.kedro("mlflow", "rerun", "latest", "--check", "metrics.late=0")
    assert present.status == 1, present.said
    assert "21 -> 210" in present.said
    old = project.kedro(
        "mlflow", "rerun", first.info.run_id[:8], "--worktree", "--check", "metrics.late=0"
    )
    assert old.status == 0, old.said
    found = sorted(run.data.metrics["late"] for run in project.runs())
    assert found == [21.0, 21.0, 210.0]
    assert [run.data.tags.get("kedro.rerun_of") for run in project.runs()] == [
        None,
        *[first.info.run_id] * 2,
    ]


def check_sweep(project: FaultProject) -> Any:
    """Check that the sweep has all, and each combination once; return the sweep's run."""
    finished = [run for run in project.runs() if run.info.status == "FINISHED"]
    (parent,) = [run for run in finished if "mlflow.parentRunId" not in run.data.tags]
    children = {run.info.run_name: run for run in finished if run is not parent}
    assert len(children) == len(finished) - 1
    assert {name: run.data.metrics["late"] for name, run in children.items()} == LATE
    for run in children.values():
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert "report.json" in project.artifacts(run)
    assert parent.data.tags["best.n"] == parent.data.params["best.n"] == "5"
    assert parent.data.metrics["best.late"] == 33
    assert project.artifacts(parent) == {"sweep.html", "sweep.json"}
    table = json.loads(project.read(parent, "sweep.json", project.root / "read"))
    assert [row[table["columns"].index("status")] for row in table["data"]] == ["FINISHED"] * 3
    assert project.journals == []
    return parent


def results(project: FaultProject) -> list[str]:
    """The combinations that have ended."""
    return [path.stem for path in project.root.glob(".mlflow_on_kedro/sweeps/*/results/*.json")]


@pytest.mark.slow
def test_a_sweep_while_mlflow_is_away(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """It goes away in a combination and comes back in a later one; nothing is lost."""
    project = make_fault_project(proxy.uri, tracking={"timeout": 2.0})
    project.stop_at("last")
    begin = time.time()
    process = project.start(*SWEEP)
    project.wait_for("last", process)
    proxy.mode = "refuse"
    project.go_on("last")
    wait_until(lambda: results(project) != [])
    proxy.mode = "pass"
    sweep = ended(process, begin=begin)
    assert sweep.status == 0, sweep.said
    assert "Traceback" not in sweep.said
    assert project.sync().exit_code == 0
    check_sweep(project)


@pytest.mark.slow
def test_a_sweep_that_is_killed(project: FaultProject, proxy: Proxy) -> None:
    """`kill -9`, then --resume: each combination is there once, beside the one that was killed."""
    project.stop_at("last")
    process = project.start(*SWEEP)
    project.wait_for("last", process)
    proxy.wait_for("runs/create")
    worker = int((project.signals / "reached_last").read_text())
    process.kill()
    ended(process, begin=0)
    wait_until(lambda: not psutil.pid_exists(worker))
    project.go_on("last")
    project.wait_idle()
    resumed = project.kedro("mlflow", "sweep", "--resume")
    assert resumed.status == 0, resumed.said
    parent = check_sweep(project)
    assert parent.info.status == "FINISHED"
    assert {run.info.status for run in project.runs()} <= {"FINISHED", "KILLED"}
