"""Prompts in whole pipelines: their versions are linked to the run and to its traces."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.mlflow_internals import mlflow_globals
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

TYPE = "mlflow_on_kedro.MLflowPromptDataset"
LINKED = "mlflow.linkedPrompts"

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)

WITH_CONTEXT = """
from kedro.pipeline import node, pipeline
from kedro.pipeline.llm_context import llm_context_node

def make_llm():
    return str.upper

def ask(context):
    messages = context.prompts["answer"].format(question="why")
    return context.llm(messages[0]["content"] + context.prompts["style"])

def improve(asked):
    return "{{question}} " + asked

def use(better):
    return better

def create_pipeline():
    return pipeline([
        node(make_llm, None, "llm", name="make_llm"),
        llm_context_node(outputs="context", llm="llm", prompts=["answer", "style"], name="context"),
        node(ask, "context", "asked", name="ask"),
        node(improve, "asked", "better", name="improve"),
        node(use, "better", "used", name="use"),
    ])
"""
PLAIN = """
from kedro.pipeline import node, pipeline

def ask(answer):
    return answer.format(question="why")

def create_pipeline():
    return pipeline([
        node(ask, "answer", "first", name="first"), node(ask, "answer", "second", name="second")
    ])
"""


def test_a_pipeline_with_prompts(make_project: Callable[..., Any]) -> None:
    """From a file, from the registry and from a node: all are linked, with exact versions."""
    pytest.importorskip("kedro.pipeline.llm_context")
    project = make_project(
        WITH_CONTEXT,
        catalog={
            "answer": {"type": TYPE, "filepath": "prompts/answer.yml", "variables": ["question"]},
            "style": {"type": TYPE, "prompt": "prompts:/house@production", "as": "str"},
            "better": {"type": TYPE, "filepath": "prompts/better.md", "as": "str"},
        },
        mlflow={"trace": True, "provenance": {"enabled": True}},
    )
    project.write("prompts/answer.yml", "messages:\n- {role: human, content: 'Tell {{question}}.'}")
    client = project.client
    for text in ("Be long.", " Be brief."):
        client.register_prompt("house", text)
    client.set_prompt_alias("house", "production", 2)
    result = project.session_run()
    assert result["used"].load() == "{{question}} TELL WHY. BE BRIEF."
    run = project.run
    used = json.loads(run.data.tags[LINKED])
    assert sorted((item["name"], item["version"]) for item in used) == [
        ("answer", "1"),
        ("better", "1"),
        ("house", "2"),
    ]
    (trace,) = client.search_traces([run.info.experiment_id])
    assert json.loads(trace.info.tags[LINKED]) == used
    with mlflow_globals.tracking_uri(project.uri):
        path = Path(client.download_artifacts(run.info.run_id, "kedro/loaded.json"))
    assert json.loads(path.read_text(encoding="utf-8"))["datasets"] == {
        "answer": {"uri": "prompts:/answer/1"},
        "style": {"uri": "prompts:/house/2", "asked_for": "prompts:/house@production"},
    }
    datasets = [item.dataset.name for item in run.inputs.dataset_inputs]
    assert sorted(datasets) == ["answer", "style"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_several_processes(make_project: Callable[..., Any], method: str) -> None:
    """Two workers that load a changed prompt at the same time register it once."""
    project = make_project(PLAIN, catalog={"answer": {"type": TYPE, "filepath": "answer.txt"}})
    for number in (1, 2):
        project.write("answer.txt", f"{number}: {{{{question}}}}?\n")
        result = project.kedro(
            *("run", "--runner", "ParallelRunner"), env={"KEDRO_MP_CONTEXT": method}
        )
        assert result.returncode == 0, result.stdout + result.stderr
        newest = project.runs()[0].data.tags
        assert json.loads(newest[LINKED]) == [{"name": "answer", "version": str(number)}]
    assert project.client.get_prompt_version("answer", 2).template == "2: {{question}}?"
    with pytest.raises(mlflow.MlflowException):
        project.client.get_prompt_version("answer", 3)
