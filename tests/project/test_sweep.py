"""`kedro mlflow sweep` in real projects: what is in MLflow afterwards, and what is on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PLUGIN, Project

NODES = """
    import os
    import time
    from pathlib import Path

    from kedro.pipeline import node, pipeline

    def clean(size):
        with open("cleaned.txt", "a") as file:
            file.write("x")
        return {"rows": list(range(size)), "of": lambda: size}

    def train(rows, model):
        wait = Path("wait.txt")
        if wait.exists() and model["depth"] == 2:
            Path("waiting.txt").write_text(str(os.getpid()))
            for _ in range(600):
                time.sleep(0.1)
        if model["depth"] == 3:
            raise ValueError("depth 3 is too deep")
        return {"depth": model["depth"], "rows": rows["of"]()}

    def evaluate(fitted):
        time.sleep(0.1)
        return fitted["depth"] / 10 + fitted["rows"]

    def create_pipeline():
        return pipeline([
            node(clean, "params:size", "rows", name="clean"),
            node(train, ["rows", "params:model"], "fitted", name="train"),
            node(evaluate, "fitted", "accuracy", name="evaluate"),
        ])
"""
CATALOG = {
    "fitted": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"},
    "accuracy": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
}
PARAMETERS = {"size": 5, "model": {"depth": 1}}


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A project in which `depth` changes all nodes but the first, and 3 is too deep."""
    sweep = {"depths": {"params": {"model.depth": "1..4"}, "optimize": "metrics.accuracy"}}
    # A thread delivers: processes for that would take most of the tests' time.
    mlflow = {"sweep": sweep, "tracking": {"on_failure": "raise", "delivery": "thread"}}
    return make_project(NODES, catalog=CATALOG, parameters=PARAMETERS, mlflow=mlflow)


# With what this process has there: a package of the tests.
PATH = os.pathsep.join(filter(None, [str(PLUGIN), os.environ.get("PYTHONPATH")]))
COMMAND = [sys.executable, "-m", "mlflow_on_kedro.cli", "mlflow"]


def kedro(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a `kedro mlflow` command in a process of its own."""
    env = {**os.environ, "PYTHONPATH": PATH, "COLUMNS": "200"}
    return subprocess.run(
        [*COMMAND, *words],
        cwd=project.root,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def runs_of(project: Project) -> tuple[Any, dict[str, Any]]:
    """The sweep's run, and the runs below it by their names."""
    runs = project.runs()
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = {run.info.run_name: run for run in runs if run is not parent}
    for run in children.values():
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    return parent, children


def table_of(project: Project, run_id: str) -> list[dict[str, Any]]:
    """The rows of a sweep's table."""
    path = project.client.download_artifacts(run_id, "sweep.json")
    read = json.loads(Path(path).read_text())
    return [dict(zip(read["columns"], row, strict=True)) for row in read["data"]]


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_sweep(project: Project, jobs: str) -> None:
    """One run a combination, below that of the sweep; a failing one does not end the others."""
    done = kedro(
        project, "sweep", "depths", "--param", "model.depth=1,3,4", "--jobs", jobs, "--json"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    outcome = json.loads(done.stdout[done.stdout.index("\n{") :])
    assert "2 of 3 combinations have finished, 1 failed." in done.stderr
    assert "Best: model.depth=4, with accuracy 5.4" in done.stderr
    assert "FAILED" in done.stderr
    assert "ValueError: depth 3 is too deep" in done.stderr

    parent, children = runs_of(project)
    assert {name: run.info.status for name, run in children.items()} == {
        "shared": "FINISHED",
        "model.depth=1": "FINISHED",
        "model.depth=3": "FAILED",
        "model.depth=4": "FINISHED",
    }
    # A value in memory is an input as in a run of the whole pipeline.
    rows = {"rows.rows": "[0, 1, 2, 3, 4]"}
    assert children["model.depth=4"].data.params == {"model.depth": "4", **rows}
    assert children["model.depth=4"].data.tags["kedro_command"] == (
        "kedro run --from-nodes=train --params=model.depth=4"
    )
    assert children["shared"].data.params == {"size": "5", **rows}
    assert (project.root / "cleaned.txt").read_text() == "x", "the first node has run once"

    assert parent.info.status == "FAILED"
    assert parent.info.run_name == "sweep depths"
    assert parent.data.params == {"sweep.model.depth": "1,3,4", "best.model.depth": "4"}
    assert parent.data.tags["best.model.depth"] == "4"
    assert parent.data.metrics == {"best.accuracy": 5.4}
    assert parent.data.tags["best.run_id"] == children["model.depth=4"].info.run_id
    assert project.artifacts(parent.info.run_id) == {"sweep.html", "sweep.json"}
    table = table_of(project, parent.info.run_id)
    assert [(row["model/depth"], row["status"], row["accuracy"]) for row in table] == [
        (1, "FINISHED", 5.1),
        (3, "FAILED", None),
        (4, "FINISHED", 5.4),
    ]
    assert outcome["run_id"] == parent.info.run_id
    assert outcome["best"]["values"] == {"model.depth": 4}

    assert not (project.root / "data" / "mlflow").exists(), "the project's files are not touched"
    folder = project.root / ".mlflow_on_kedro" / "sweeps" / outcome["sweep"]
    fitted = [folder / f"000{n}" / "data" / "mlflow" / "fitted.json" for n in (1, 3)]
    assert [json.loads(path.read_text())["depth"] for path in fitted] == [1, 4]
    assert "depth 3 is too deep" in (folder / "0002.log").read_text()


def test_another_metric(project: Project) -> None:
    """A sweep that goes on with another goal has another best one; an unknown one is refused."""
    words = ("sweep", "depths", "--param", "model.depth=1,4", "--minimize")
    done = kedro(project, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert runs_of(project)[0].data.tags["best.model.depth"] == "1"
    done = kedro(project, "sweep", "--resume", "--optimize", "metrics.acuracy")
    assert done.returncode == 1
    assert "has no metric 'acuracy'. Did you mean 'accuracy'?" in " ".join(done.stderr.split())
    done = kedro(project, "sweep", "--resume", "--maximize")
    assert done.returncode == 0, done.stdout + done.stderr
    parent, children = runs_of(project)
    assert parent.data.params == {"sweep.model.depth": "1,4", "best.model.depth": "1"}  # as it was
    assert parent.data.metrics == {"best.accuracy": 5.4}
    tags = {key: value for key, value in parent.data.tags.items() if key.startswith("best.")}
    best = children["model.depth=4"].info.run_id
    assert tags == {
        "best.model.depth": "4",
        "best.combination": "model.depth=4",
        "best.run_id": best,
    }


def start(project: Project, *words: str) -> subprocess.Popen[str]:
    """Begin a sweep, in a group of processes of its own as in a terminal."""
    (project.root / "wait.txt").write_text("")
    return subprocess.Popen(
        [*COMMAND, "sweep", *words],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(path: Path, seconds: float = 120) -> str:
    """Wait for a file, and return what it says."""
    for _ in range(int(seconds * 10)):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.1)
    raise AssertionError(f"{path} has not come")


def has_ended(pid: int, seconds: float = 60) -> bool:
    """Whether a process that is not this one's child ends."""
    for _ in range(int(seconds * 10)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_and_resumed(project: Project) -> None:
    """`kill -9`: the workers end their runs as KILLED; --resume runs only what has not finished."""
    process = start(project, "depths")
    worker = int(wait_for(project.root / "waiting.txt"))
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    assert has_ended(worker)
    _, children = runs_of(project)
    assert {name: run.info.status for name, run in children.items()} == {
        "shared": "FINISHED",
        "model.depth=1": "FINISHED",
        "model.depth=2": "KILLED",
    }
    (project.root / "wait.txt").unlink()
    done = kedro(project, "sweep", "--resume")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "model.depth=1" not in done.stdout, "it has finished before"
    parent, _ = runs_of(project)
    assert parent.info.status == "FAILED"
    found = sorted((run.info.run_name, run.info.status) for run in project.runs())
    assert found == [
        ("model.depth=1", "FINISHED"),
        ("model.depth=2", "FINISHED"),
        ("model.depth=2", "KILLED"),
        ("model.depth=3", "FAILED"),
        ("model.depth=4", "FINISHED"),
        ("shared", "FINISHED"),
        ("sweep depths", "FAILED"),
    ]
    rows = table_of(project, parent.info.run_id)
    assert [row["status"] for row in rows] == ["FINISHED", "FINISHED", "FAILED", "FINISHED"]
    assert (project.root / "cleaned.txt").read_text() == "x"
    project.write("conf/base/parameters.yml", "size: 6\nmodel: {depth: 1}\n")
    changed = kedro(project, "sweep", "--resume")
    assert changed.returncode == 1
    assert "The project's parameters have changed since the sweep" in changed.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals to a group of processes")
@pytest.mark.parametrize("to_group", [True, False])
def test_interrupted(project: Project, *, to_group: bool) -> None:
    """Ctrl-C ends the sweep's run and that of the present combination as KILLED."""
    process = start(project, "depths")
    wait_for(project.root / "waiting.txt")
    if to_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Interrupted: 1 of 4 combinations have ended." in output
    assert "Traceback" not in output
    parent, children = runs_of(project)
    assert parent.info.status == "KILLED"
    assert children["model.depth=2"].info.status == "KILLED"
    assert len(table_of(project, parent.info.run_id)) == 1


@pytest.mark.slow
def test_trials(project: Project) -> None:
    """Optuna chooses combinations by the metric of those before."""
    pytest.importorskip("optuna")
    done = kedro(
        project,
        "sweep",
        *("--param", "model.depth=uniform(4,9)", "--trials", "4", "--seed", "1"),
        *("--optimize", "accuracy", "--minimize"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    parent, children = runs_of(project)
    depths = [
        float(run.data.params["model.depth"]) for name, run in children.items() if name != "shared"
    ]
    assert len(depths) == 4
    assert all(4 <= depth <= 9 for depth in depths)
    assert parent.info.status == "FINISHED"
    assert float(parent.data.tags["best.model.depth"]) == min(depths)


@pytest.mark.slow
def test_no_mlflow(project: Project) -> None:
    """A sweep that cannot have a run of its own says so, and runs nothing."""
    for tracking, message in (
        ({"uri": "http://127.0.0.1:9", "timeout": 1}, "does not answer"),
        ({"mode": "offline"}, "`tracking.mode` is offline"),
    ):
        project.write("conf/base/mlflow.yml", json.dumps({"tracking": tracking}))
        done = kedro(project, "sweep", "--param", "model.depth=1,2")
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    assert not (project.root / "cleaned.txt").exists()
    assert not list(project.root.glob(".mlflow_on_kedro/sweeps/*"))
    waiting = kedro(project, "status")
    assert "Nothing waits" in waiting.stdout
