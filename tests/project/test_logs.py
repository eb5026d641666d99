"""``logs: true``: what the pipeline logs and prints is in MLflow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PLUGIN

PIPELINE = """
import logging
import sys

from kedro.pipeline import node, pipeline


def talk(rate):
    print("printed by talk, password=hunter2")
    print("no end of line", end="", file=sys.stderr)
    logging.getLogger("mine").warning("logged by talk")
    return rate


def fail(said):
    raise ValueError("too little data")


def create_pipeline():
    return pipeline([node(talk, "params:rate", "said"), node(fail, "said", "never")])
"""
ENDLESS = """
import time

from kedro.pipeline import node, pipeline


def train(rate):
    for epoch in range(10_000):
        print(f"epoch {epoch}")
        time.sleep(0.01)


def create_pipeline():
    return pipeline([node(train, "params:rate", None)])
"""


def _log_of(project: Any, tmp_path: Path) -> str:
    path = project.client.download_artifacts(project.run.info.run_id, "kedro/run.log", tmp_path)
    return Path(path).read_text(encoding="utf-8")


def _has_ended(project: Any) -> bool:
    return any(run.info.status == "KILLED" for run in project.runs())


@pytest.mark.parametrize(
    "words",
    [
        ("--runner", "ParallelRunner"),
        pytest.param(("--runner", "ThreadRunner"), marks=pytest.mark.slow),
        pytest.param(("--async",), marks=pytest.mark.slow),
        pytest.param(("--runner", "mlflow_on_kedro.DaskRunner"), marks=pytest.mark.slow),
    ],
)
def test_failed_run(make_project: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Each line of each process is there once, and the traceback of the node that failed."""
    project = make_project(PIPELINE, mlflow={"logs": True}, parameters={"rate": 1})
    ran = project.kedro("run", *words, env={"KEDRO_MP_CONTEXT": "spawn"})
    assert ran.returncode != 0
    assert "printed by talk, password=hunter2" in ran.stdout
    text = _log_of(project, tmp_path)
    assert text.count("stdout   printed by talk, password=***\n") == 1
    assert text.count("stderr   no end of line\n") == 1
    assert text.count("WARNING  mine: logged by talk\n") == 1
    assert text.count("Running node: talk(") == 1
    assert 'raise ValueError("too little data")' in text
    assert "hunter2" not in text


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_run(make_project: Any, tmp_path: Path) -> None:
    """What a process printed until it was killed is in MLflow without another command."""
    tracking = {"delivery": "process"}
    project = make_project(
        ENDLESS, mlflow={"logs": True, "tracking": tracking}, parameters={"rate": 1}
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "kedro", "run"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(PLUGIN), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 300"):
                process.send_signal(signal.SIGKILL)
                break
    deadline = time.monotonic() + 60
    while not _has_ended(project) and time.monotonic() < deadline:
        time.sleep(0.5)
    text = _log_of(project, tmp_path)
    assert "epoch 0\n" in text
    assert "epoch 299\n" in text
