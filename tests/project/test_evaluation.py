"""An evaluation in a real pipeline: in a worker's process, offline, and delivered later."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from mlflow_on_kedro.utils import mlflow_version

from tests.openai_server import openai_server

from .strays import Found

NODES = """
    from kedro.pipeline import node, pipeline

    def answer():
        return [{"question": "Capital of France?", "answer": "Paris", "truth": "Paris"}] * 3

    def is_short(outputs):
        return len(outputs) < 9

    def judged(quality):
        return quality.metrics["correctness/mean"] + len(quality.result_df)

    def create_pipeline(**_):
        return pipeline([
            node(answer, None, "quality", name="answer"),
            node(judged, "quality", "total", name="judged"),
        ])
"""


@pytest.mark.slow
@pytest.mark.skipif(
    mlflow_version.major_minor(mlflow_version.mlflow_version()) < (3, 8),
    reason="MLflow's judges need litellm",
)
def test_offline_in_a_worker(make_project: Callable[..., Any]) -> None:
    """The judge answers, MLflow is not asked; `sync` delivers metrics, table and traces."""
    project = make_project(NODES, mlflow={"tracking": {"mode": "offline"}})
    with openai_server() as judge:
        judge.reply = lambda _: json.dumps({"result": "yes", "rationale": "I know it."})
        quality = {
            "type": "mlflow_on_kedro.MLflowEvaluation",
            "scorers": ["Correctness", f"{project.package}.nodes.is_short"],
            "model": "openai:/judge",
            "credentials": "judge",
            "inputs": ["question"],
            "outputs": "answer",
            "expectations": {"expected_response": "truth"},
            "prefix": "",
        }
        project.write("conf/base/catalog.yml", json.dumps({"quality": quality}))
        credentials = {"judge": {"api_key": "sk-hush", "base_url": judge.url}}
        project.write("conf/local/credentials.yml", json.dumps(credentials))
        project.write(f"src/{project.package}/cli.py", "from mlflow_on_kedro.cli import cli\n")
        done = project.kedro("run", "--runner=ParallelRunner")
        assert done.returncode == 0, done.stderr
        assert len(judge.requests) == 3
        assert "Evaluating 3 rows of 'quality' with Correctness" in done.stdout + done.stderr
    delivered = project.kedro("mlflow", "sync")
    assert delivered.returncode == 0, delivered.stdout + delivered.stderr
    run = Found(project).run
    assert run.data.metrics["correctness/mean"] == 1
    assert run.data.metrics["is_short/mean"] == 1
    assert run.data.metrics["total"] == 4
    assert "quality.json" in project.artifacts(run.info.run_id)
    table = json.loads((project.root / "data/mlflow/quality.json").read_text(encoding="utf-8"))
    ids = [row[table["columns"].index("trace_id")] for row in table["data"]]
    for trace_id in ids:
        trace = project.client.get_trace(trace_id)
        assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
        assert trace.info.experiment_id == run.info.experiment_id
        names = {each.name for each in trace.info.assessments}
        assert names == {"correctness", "is_short", "expected_response"}
