"""The description in MLflow, which the user's own replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow_on_kedro.journal.entries import Summary
from mlflow_on_kedro.tracking.summary import RunSummary
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

NOTE = "mlflow.note.content"
NODES = """
from kedro.pipeline import node, pipeline

def train(depth):
    if depth < 0:
        raise ValueError("too flat")
    return {"depth": depth}, depth

def create_pipeline():
    return pipeline([node(train, "params:depth", ["model", "score"], name="fit")])
"""
MLFLOW = "mlflow_on_kedro.MLflowDataset"
CATALOG = {"model": {"type": MLFLOW, "dataset": "json"}, "score": {"type": MLFLOW, "dataset": "m"}}


def note(client: Any, run: Any) -> str | None:
    """The description that MLflow has of a run."""
    found: str | None = client.get_run(run.run_id).data.tags.get(NOTE)
    return found


@pytest.mark.parametrize("own", ["Mine", ""])
def test_the_users_text_stays(open_run: Callable[..., Any], client: Any, own: str) -> None:
    """A text that the user wrote while the run went on is kept; an empty one is none."""
    run = open_run(PipelineInfo())
    run.log_entry(Summary(RunSummary("train").to_json()))
    client.set_tag(run.run_id, NOTE, own)
    run.end("FINISHED")
    assert note(client, run) == own if own else "`train`" in str(note(client, run))


def test_a_damaged_summary(open_run: Callable[..., Any], client: Any) -> None:
    """What cannot be read gives no description, and the run ends all the same."""
    run = open_run(PipelineInfo())
    run.log_entry(Summary("{}"))
    run.end("FINISHED")
    assert note(client, run) is None
    assert client.get_run(run.run_id).info.status == "FINISHED"


def test_of_a_pipeline(make_project: Callable[..., Any]) -> None:
    """It is there after success and failure, and describes a resumed run anew unless edited."""
    project = make_project(NODES, catalog=CATALOG, parameters={"depth": 3})
    project.session_run()
    run = project.run
    text = run.data.tags[NOTE]
    assert text.startswith("Pipeline `__default__` **finished** in ")
    place = f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}/artifacts/model.json"
    assert f"| written `model` | [`model.json`]({place}?" in text
    assert "| written `score` | metric |" in text

    resume = {"depth": -1, "api_token": "hunter2", "mlflow": {"run": {"resume": True}}}
    with pytest.raises(ValueError, match="too flat"):
        project.session_run(runtime_params=resume)
    failed = project.runs()[0]
    text = failed.data.tags[NOTE]
    assert "**failed** after" in text
    assert "at the node `fit`, 0 of 1 nodes done\n\n`ValueError: too flat`" in text
    assert "hunter2" not in text
    assert "`model`" not in text
    project.session_run(runtime_params={**resume, "depth": 4})
    assert project.runs()[0].info.run_id == failed.info.run_id
    assert "**finished**" in project.runs()[0].data.tags[NOTE]


def test_another_text_or_none(make_project: Callable[..., Any]) -> None:
    """``run.description`` replaces it; an empty text gives none."""
    project = make_project(NODES, catalog=CATALOG, parameters={"depth": 3})
    for text in ("", "Mine"):
        project.session_run(runtime_params={"mlflow": {"run": {"description": text}}})
        assert project.runs()[0].data.tags.get(NOTE, "") == text


def test_several_processes(make_project: Callable[..., Any]) -> None:
    """With ``run.key`` the description is that of all parts."""
    nodes = NODES.replace('name="fit")', 'name="fit"), node(len, "model", "size", name="measure")')
    project = make_project(nodes, catalog=CATALOG, parameters={"depth": 3})
    for name in ("fit", "measure"):
        key = {"mlflow": {"run": {"key": "k"}}}
        project.session_run(node_names=[name], runtime_params=key)
    text = project.run.data.tags[NOTE]
    assert ", 2 nodes" in text
    assert "kedro run" not in text
    assert "read `model`" not in text
