"""What goes wrong: in a node, in the store, in the configuration; and what a user then reads."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

NODES = """
import time
from pathlib import Path

from kedro.pipeline import node, pipeline

def double(n):
    return n * 2

def last(twice):
    Path("last_ran.txt").write_text("yes")
    return twice

def create_pipeline():
    return pipeline([
        node(double, "params:n", "twice", name="double"), node(last, "twice", "end", name="last")
    ])
"""
CATALOG = {"end": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"}}


@pytest.fixture
def closed_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def text_of(done: subprocess.CompletedProcess[str]) -> str:
    """All that a command printed, with Kedro's line breaks and columns taken out."""
    return " ".join((done.stdout + done.stderr).split())


def test_node_fails(make_project: Any) -> None:
    """A node that raises: exit status 1, the run FAILED, with the error and all that was logged."""
    text = NODES.replace(
        '    Path("last_ran.txt").write_text("yes")', '    raise OSError("disk gone")'
    )
    project = make_project(text, catalog=CATALOG, parameters={"n": 3})
    done = project.kedro("run")
    assert done.returncode == 1
    assert "disk gone" in text_of(done)
    run = project.run
    assert run.info.status == "FAILED"
    assert run.data.metrics["twice"] == 6
    assert run.data.tags["error"] == "OSError: disk gone"
    assert run.data.tags["kedro.failed_node"] == "last"
    assert project.artifacts(run.info.run_id) == {
        "error/traceback.txt",
        "gantt.html",
        "kedro/timeline.json",
    }


def test_sys_exit_in_a_node(make_project: Any) -> None:
    """A node that ends the process leaves a run that is KILLED, not FINISHED or RUNNING."""
    text = NODES.replace('    Path("last_ran.txt").write_text("yes")', "    raise SystemExit(3)")
    project = make_project(text, parameters={"n": 3})
    done = project.kedro("run")
    assert done.returncode == 3
    assert project.run.info.status == "KILLED"
    assert project.run.data.metrics["twice"] == 6


@pytest.mark.slow
def test_unreachable_server_warns(make_project: Any, closed_port: int) -> None:
    """A server that is down: the pipeline finishes within seconds, with one clear warning."""
    uri = f"http://me:hush@127.0.0.1:{closed_port}"
    project = make_project(
        NODES,
        catalog=CATALOG,
        parameters={"n": 3},
        mlflow={"tracking": {"uri": uri, "on_failure": "warn", "timeout": 1.0}},
    )
    begin = time.monotonic()
    done = project.kedro("run")
    assert time.monotonic() - begin < 60
    assert done.returncode == 0, text_of(done)
    said = text_of(done)
    assert (project.root / "data/mlflow/end.json").read_text() == "6"
    assert said.count("cannot be reached") == 1
    assert re.search(rf"http://\*\*\*@127\.0\.0\.1:{closed_port} *cannot be reached", said)
    assert "`tracking.uri`" in said
    assert "hush" not in said
    assert "Retrying" not in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_unreachable_server_raises(make_project: Any, closed_port: int) -> None:
    """With ``on_failure: raise`` it fails before the first node, with one message, no traceback."""
    uri = f"http://me:hush@127.0.0.1:{closed_port}"
    project = make_project(
        NODES, parameters={"n": 3}, mlflow={"tracking": {"uri": uri, "on_failure": "raise"}}
    )
    done = project.kedro("run")
    assert done.returncode == 1
    said = text_of(done)
    assert not (project.root / "last_ran.txt").exists()
    assert f"127.0.0.1:{closed_port}" in said
    assert "on_failure" in said
    assert "hush" not in said
    assert "Traceback" not in said


def test_store_breaks_during_the_run(make_project: Any) -> None:
    """A store that is lost during the run does not fail the pipeline, and is said once."""
    tracking = {"on_failure": "warn", "timeout": 3.0}
    text = NODES.replace(
        'Path("last_ran.txt")',
        'Path("mlflow.db").write_bytes(b"x" * 9999)\n    Path("last_ran.txt")',
    )
    project = make_project(
        text, catalog=CATALOG, parameters={"n": 3}, mlflow={"tracking": tracking}
    )
    done = project.kedro("run")
    said = text_of(done)
    assert done.returncode == 0, said
    assert (project.root / "data/mlflow/end.json").read_text() == "6"
    assert said.count("`kedro mlflow sync`; the pipeline runs on") == 1
    assert "FINISHED" not in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_two_at_once_on_a_new_store(make_project: Any) -> None:
    """Two ``kedro run`` at once on a SQLite store that does not exist yet both succeed."""
    project = make_project(NODES, catalog=CATALOG, parameters={"n": 3}, new_store=True)
    both = [start(project) for _ in range(2)]
    printed = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert [run.info.status for run in project.runs()] == ["FINISHED", "FINISHED"]
    for run in project.runs():
        assert run.data.metrics["twice"] == 6
        assert project.artifacts(run.info.run_id) == {
            "end.json",
            "gantt.html",
            "kedro/timeline.json",
        }
    assert all("ended as FINISHED" in text for text in printed)


def start(project: Any, **env: str) -> subprocess.Popen[str]:
    """Start ``kedro run``."""
    plugin = Path(__file__).parents[2] / "plugin_src"
    return subprocess.Popen(
        [sys.executable, "-m", "kedro", "run"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(plugin), "COLUMNS": "200", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_ctrl_c(make_project: Any) -> None:
    """Ctrl-C during a node: the run is KILLED, with what was logged before."""
    text = NODES.replace(
        'Path("last_ran.txt").write_text("yes")',
        'Path("last_ran.txt").write_text("yes")\n    time.sleep(60)',
    )
    project = make_project(text, parameters={"n": 3})
    process = start(project)
    deadline = time.monotonic() + 60
    while not (project.root / "last_ran.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    run = project.run
    assert run.info.status == "KILLED", printed
    assert run.info.end_time is not None
    assert run.data.metrics["twice"] == 6


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "experimnt:\n  name: x\n",
            "Error: conf/base/mlflow.yml: unknown key 'experimnt'. Did you mean 'experiment'?",
        ),
        pytest.param(
            "time:\n  gant: false\n",
            "Error: conf/base/mlflow.yml: unknown key 'time.gant'. Did you mean 'time.gantt'?",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "run:\n  nested: [1]\n",
            "conf/base/mlflow.yml: 'run.nested' has a wrong value: it must be true or false, not",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "catalog:\n  parameters: bytype\n",
            "conf/base/mlflow.yml: 'catalog.parameters' must be one of params, by_type, none",
            marks=pytest.mark.slow,
        ),
        (
            "catalog:\n  mlflow_catalog: {twice: cvs}\n",
            "'twice'",
        ),
    ],
)
def test_wrong_mlflow_yml(make_project: Any, config: str, message: str) -> None:
    """A mistake in mlflow.yml is one clear message, exit status 1 and no traceback."""
    project = make_project(NODES, parameters={"n": 3}, mlflow=config)
    done = project.kedro("run")
    assert done.returncode == 1
    said = text_of(done)
    assert message in said
    assert said.count("Error: ") == 1
    assert "Traceback" not in said
    assert not (project.root / "last_ran.txt").exists()


def test_wrong_dataset_in_the_catalog(make_project: Any) -> None:
    """A wrong ``dataset`` in catalog.yml names the entry, what is wrong and what is known."""
    catalog = {"end": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "cvs"}}
    project = make_project(NODES, catalog=catalog, parameters={"n": 3})
    done = project.kedro("run")
    assert done.returncode == 1
    said = text_of(done)
    assert not (project.root / "last_ran.txt").exists()
    assert "'end'" in said
    assert "'cvs'" in said
    assert "csv" in said
    assert project.runs() == []


def test_wrong_run_id(make_project: Any) -> None:
    """An unknown ``run.id`` is one clear message, exit status 1 and no traceback."""
    project = make_project(NODES, parameters={"n": 3}, mlflow={"run": {"id": "0" * 32}})
    done = project.kedro("run")
    assert done.returncode == 1
    said = text_of(done)
    assert f"`run.id` in mlflow.yml (or MLFLOW_RUN_ID) is '{'0' * 32}'" in said
    assert "Traceback" not in said
