"""One run of several tasks, each a session of its own, as an orchestrator makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.gantt_pages import spans

NODES = """
from pathlib import Path

from kedro.pipeline import node, pipeline

def fail_once(place):
    if not Path(place).exists():
        Path(place).touch()
        raise ValueError("no such luck")

def create_pipeline():
    return pipeline([
        node(lambda n: None, "params:n", None, name="first"),
        node(fail_once, "params:place", None, name="second"),
        node(lambda n: None, "params:n", None, name="third"),
    ])
"""


def charts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The charts that are uploaded from now on."""
    from mlflow import MlflowClient

    pages: list[str] = []
    log_artifact = MlflowClient.log_artifact

    def log(self: Any, run_id: str, local_path: str, *words: Any, **named: Any) -> None:
        if Path(local_path).name == "gantt.html":
            pages.append(Path(local_path).read_text(encoding="utf-8"))
        log_artifact(self, run_id, local_path, *words, **named)

    monkeypatch.setattr(MlflowClient, "log_artifact", log)
    return pages


def test_a_task_is_tried_again(
    make_project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The retry makes the run a success, with one chart and one duration of all its tasks."""
    place = (tmp_path / "tried").as_posix()
    config = {"time": {"gantt_params": {"title": "Nightly"}}, "catalog": {"parameters": "none"}}
    project = make_project(NODES, parameters={"n": 1, "place": place}, mlflow=config)
    for name, value in (
        ("AIRFLOW_CTX_DAG_ID", "etl"),
        ("AIRFLOW_CTX_DAG_RUN_ID", "manual__1"),
        ("AIRFLOW_CTX_TASK_ID", "second"),
        ("AIRFLOW_CTX_TRY_NUMBER", "2"),
    ):
        monkeypatch.setenv(name, value)
    pages = charts(monkeypatch)
    project.session_run(node_names=["first"])
    assert (project.run.info.status, pages) == ("FINISHED", [])
    with pytest.raises(ValueError, match="no such luck"):
        project.session_run(node_names=["second"])
    run = project.run
    assert run.info.status == "FAILED"
    assert (run.data.tags["kedro.failed_node"], len(pages)) == ("second", 1)
    project.session_run(node_names=["second"])
    project.session_run(node_names=["third"])
    run = project.run
    assert run.info.status == "FINISHED"
    attempts = "FAILED in the node second: ValueError: no such luck"
    assert run.data.tags["kedro.attempts"] == attempts
    assert run.data.tags["airflow.tries.second"] == "2"
    assert not {"error", "kedro.failed_node"} & run.data.tags.keys()
    whole = (run.info.end_time - run.info.start_time) / 1000
    assert run.data.metrics["system/time/pipeline"] == whole
    assert len(pages) == 2
    assert "Nightly" in pages[-1]
    assert {"first", "second", "third"} <= {bar["label"] for bar in spans(pages[-1])["run"]}
    artifacts = project.artifacts(run.info.run_id)
    assert "gantt.html" in artifacts
    parts = [path for path in artifacts if path.startswith("kedro/timeline/")]
    assert len(parts) == 4  # one of each task and try
