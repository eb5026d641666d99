"""A job array, as of SLURM: many processes at once in one folder, without a server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).parents[2] / "plugin_src"
JOBS = 200
AT_ONCE = 50

NODES = """
import pandas as pd
from kedro.pipeline import node, pipeline

def train(task):
    return task / 2, pd.DataFrame({"task": [task] * 100}), {"depth": task}

def create_pipeline():
    return pipeline([
        node(train, "params:task", ["score", "table", "choice"], name="train"),
        node(lambda score: score + 1, "score", "later", name="after"),
    ])
"""
CATALOG = {
    "score": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
    "later": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
    "table": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv"},
    "choice": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"},
}

# Importing Kedro and pandas 200 times would take minutes; forks of a process that has, do not.
START = """
import os
import sys
import time
from pathlib import Path

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

import kedro_datasets.pandas
import pandas
from kedro.runner import SequentialRunner
from mlflow_on_kedro import MLflowDataset, mlflow_hooks

mlflow_hooks()
root, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
bootstrap_project(root)
begin = time.time() + 1
jobs = []
for task in range(first, last):
    pid = os.fork()
    if pid == 0:
        time.sleep(max(0, begin - time.time()))
        with KedroSession.create(project_path=root, runtime_params={"task": task}) as session:
            session.run()
        sys.exit()
    jobs.append(pid)
failed = [pid for pid in jobs if os.waitpid(pid, 0)[1] != 0]
sys.exit(f"{len(failed)} jobs have failed" if failed else 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_job_array(make_project: Any) -> None:
    """Each of 200 offline runs is complete after one ``kedro mlflow sync``, with its own values."""
    project = make_project(NODES, catalog=CATALOG, parameters={"task": -1})
    project.write(f"src/{project.package}/cli.py", "from mlflow_on_kedro.cli import cli")
    env = {**os.environ, "PYTHONPATH": str(PLUGIN), "MLFLOW_ON_KEDRO_MODE": "offline"}
    for first in range(0, JOBS, AT_ONCE):
        words = [str(project.root), str(first), str(first + AT_ONCE)]
        done = subprocess.run(
            [sys.executable, "-c", START, *words],
            cwd=project.root,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    journals = project.root / ".mlflow_on_kedro" / "journal"
    assert len([path for path in journals.iterdir() if path.is_dir()]) == JOBS

    synced = project.kedro("mlflow", "sync")
    assert synced.returncode == 0, synced.stdout + synced.stderr
    runs = {int(run.data.params["task"]): run for run in project.runs()}
    assert sorted(runs) == list(range(JOBS))
    assert len(project.runs()) == JOBS
    for task, run in runs.items():
        assert run.info.status == "FINISHED"
        assert (run.data.metrics["score"], run.data.metrics["later"]) == (task / 2, task / 2 + 1)
        assert "system/time/pipeline" in run.data.metrics
        folder = Path(project.client.download_artifacts(run.info.run_id, ""))
        assert (folder / "table.csv").read_text().split() == ["task", *[str(task)] * 100]
        assert f'"depth": {task}' in (folder / "choice.json").read_text()
        assert (folder / "gantt.html").exists()
    assert list(journals.iterdir()) == []
