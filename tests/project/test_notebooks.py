"""Notebooks: Kedro's IPython extension in a real IPython."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PLUGIN

pytest.importorskip("IPython")

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda n: {"n": n}, "params:n", "model", name="train")])
"""
CATALOG = {
    "model": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "pkl"},
    "score": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
}


def ipython(cwd: Path, *lines: str) -> str:
    """Run cells in an IPython of its own; gives what it printed after the word OUT."""
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", "\n".join(lines)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(PLUGIN), "IPYTHONDIR": str(cwd / ".ipython")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    return "\n".join(
        line.removeprefix("OUT ") for line in done.stdout.splitlines() if line.startswith("OUT ")
    )


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project with two runs, whose model is in MLflow only."""
    project = make_project(NODES, catalog=CATALOG, parameters={"n": 1})
    for n, name in ((7, "try7"), (8, "try8")):
        project.session_run(runtime_params={"n": n, "mlflow": {"run": {"name": name}}})
    (project.root / "data/mlflow/model.pkl").unlink()
    return project


def test_a_notebook(project: Any) -> None:
    """After ``%load_ext kedro.ipython`` catalog and context do what the README says."""
    folder = project.root / "notebooks"
    folder.mkdir()
    printed = ipython(
        folder,
        "%load_ext kedro.ipython",
        "import sys",
        "print('OUT', 'mlflow' in sys.modules)",
        "print('OUT', catalog.load('model'))",
        "context.mlflow.use('try7')",
        "print('OUT', catalog.load('model'))",
        "print('OUT', context.mlflow.last_run.info.run_name)",
        "print('OUT', context.mlflow.run('try7').data.params)",
        "context.mlflow.use(None)",
        "with context.mlflow.start_run('by hand'):",
        "    catalog.save('score', 0.5)",
        "import mlflow",
        "with mlflow.start_run(run_name='plain'):",
        "    mlflow.log_metric('m', 1)",
        "print('OUT', context.mlflow.last_run.info.run_name)",
        "session.run()",
        "last = context.mlflow.last_run.info.run_id",
        "print('OUT', context.mlflow.client.get_run(last).info.status)",
        "%reload_kedro",
        "print('OUT', catalog.load('model'))",
    )
    assert printed.splitlines() == [
        "False",
        "{'n': 8}",
        "{'n': 7}",
        "try8",
        "{'n': '7'}",
        "plain",
        "FINISHED",
        "{'n': 1}",
    ]
    runs = {run.info.run_name: run for run in project.runs()}
    assert len(runs) == 5
    assert runs["by hand"].info.status == "FINISHED"
    assert runs["by hand"].data.metrics == {"score": 0.5}
    assert {path.name for path in folder.iterdir()} <= {".ipython", ".viz"}


def test_an_active_run(project: Any) -> None:
    """A pipeline that is run while a run is active logs to that one, which stays open."""
    ipython(
        project.root,
        "%load_ext kedro.ipython",
        "import mlflow",
        "mlflow.set_tracking_uri(context.mlflow.uri)",
        "mlflow.set_experiment(context.mlflow.experiment)",
        "with mlflow.start_run(run_name='mine'):",
        "    session.run()",
        "    catalog.save('score', 2)",
    )
    run = project.runs()[0]
    assert (run.info.run_name, run.info.status) == ("mine", "FINISHED")
    assert run.data.metrics["score"] == 2
    assert "system/time/train" in run.data.metrics
    assert "model.pkl" in project.artifacts(run.info.run_id)
