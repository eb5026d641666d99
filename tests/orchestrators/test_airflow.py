"""Airflow itself, with the DAG that kedro-airflow makes: one run of all tasks, retries included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path(__file__).parents[2] / "plugin_src"
pytestmark = pytest.mark.orchestrators

NODES = """
from pathlib import Path

from kedro.pipeline import node, pipeline

def fail_once(n, place):
    if not Path(place).exists():
        Path(place).touch()
        raise ValueError("no such luck")
    return n + 1

def create_pipeline():
    return pipeline([
        node(lambda n: n, "params:n", "one", name="first"),
        node(fail_once, ["one", "params:place"], "two", name="second"),
        node(lambda n: n + 1, "two", "three", name="third"),
    ])
"""
CATALOG = {
    name: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"}
    for name in ("one", "two", "three")
}


def test_a_task_whose_first_try_fails(make_project: Any, tmp_path: Path) -> None:
    """The DAG's run is one MLflow run: FINISHED, with what failed first, and Airflow's page."""
    place = (tmp_path / "tried").as_posix()
    project = make_project(NODES, catalog=CATALOG, parameters={"n": 1, "place": place})
    project.write("conf/base/airflow.yml", "default: {retry_delay: 0, retries: 1}")
    dags = tmp_path / "dags"
    variables = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__API__BASE_URL": "http://flow.example.com",
        "PYTHONPATH": os.pathsep.join([str(PLUGIN), str(project.root / "src")]),
    }
    made = project.kedro("airflow", "create", "--target-dir", str(dags))
    assert made.returncode == 0, made.stdout + made.stderr
    (dag,) = (path.stem.removesuffix("_dag") for path in dags.glob("*.py"))
    dag = dag.replace("_", "-")
    for words in (["db", "migrate"], ["dags", "test", dag]):
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *words],
            cwd=project.root,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    run = project.run
    tags = run.data.tags
    assert run.info.status == "FINISHED", tags
    assert "ValueError: no such luck" in tags["kedro.attempts"]
    assert not {"error", "kedro.failed_node"} & tags.keys()
    assert (tags["orchestrator"], tags["airflow.dag_id"]) == ("airflow", dag)
    assert tags["airflow.tries.second"] == "2"
    page = f"http://flow.example.com/dags/{dag}/runs/"
    assert tags["orchestrator.url"].startswith(page)
    assert {f"system/time/{name}" for name in ("first", "second", "third")} <= set(run.data.metrics)
    assert {"gantt.html", "three.json"} <= project.artifacts(run.info.run_id)
