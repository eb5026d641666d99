"""``logs: true``: what the pipeline logs and prints is in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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


def log_of(project: Any, tmp_path: Path) -> str:
    path = project.client.download_artifacts(project.run.info.run_id, "kedro/run.log", tmp_path)
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("context", ["spawn", "fork"])
def test_workers(make_project: Any, tmp_path: Path, context: str) -> None:
    """What workers of the parallel runner print and log is there, and the traceback."""
    project = make_project(PIPELINE, mlflow={"logs": True}, parameters={"rate": 1})
    ran = project.kedro("run", "--runner", "ParallelRunner", env={"KEDRO_MP_CONTEXT": context})
    assert ran.returncode != 0
    print(ran.stdout, ran.stderr)
    text = log_of(project, tmp_path)
    print(text)
    assert text.count("printed by talk, password=***") == 1
    assert text.count("no end of line") == 1
    assert text.count("mine: logged by talk") == 1
    assert "Traceback (most recent call last):" in text
    assert text.count("Using") <= 2
    assert "hunter2" not in text
