"""Autologging with the frameworks themselves, whatever is imported first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.frameworks

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join((str(ROOT), str(ROOT / "plugin_src")))

NODES = """
    from kedro.pipeline import node, pipeline

    def train():
        {code}
        from tests.frameworks import models
        models.MODELS["{name}"].train()
        return 1

    def create_pipeline(**_):
        return pipeline([node(train, None, "done", name="train")])
"""
# What a pipeline imports first, the model that it trains, and what the flavor logs of it.
FLAVORS = {
    "pytorch": ("import torch", "lightning", "loss"),
    # Lightning imports PyTorch while it is not whole itself, and MLflow patches both.
    "pytorch, lightning first": ("import lightning", "lightning", "loss"),
    "xgboost": ("", "xgboost", None),
    "lightgbm": ("", "lightgbm-booster", None),
    "statsmodels": ("", "statsmodels", "rsquared"),
    "keras": ("", "keras", "loss"),
}


@pytest.mark.parametrize("case", FLAVORS)
def test_a_flavor(make_project: Callable[..., Any], case: str) -> None:
    """What it logs is in the pipeline's run, and nothing is said of a failure."""
    code, name, metric = FLAVORS[case]
    flavor = case.partition(",")[0]
    pytest.importorskip({"pytorch": "lightning"}.get(flavor, flavor))
    project = make_project(
        NODES.format(code=code, name=name),
        mlflow={"autolog": {flavor: {"log_models": False}}, "time": {"gantt": False}},
    )
    # A worker has imported nothing yet when the node begins.
    env = {"PYTHONPATH": PATH, "KEDRO_MP_CONTEXT": "spawn"}
    done = project.kedro("run", "--runner", "ParallelRunner", env=env)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "could not be switched on" not in done.stdout + done.stderr
    run = project.run
    assert run.info.status == "FINISHED"
    own = [key for key in run.data.params if not key.startswith("kedro")]
    assert own
    assert metric is None or metric in run.data.metrics


CHAIN = """
    from kedro.pipeline import node, pipeline

    def ask():
        from langchain_openai import ChatOpenAI
        from langchain_core.language_models import FakeListChatModel

        assert ChatOpenAI
        return FakeListChatModel(responses=["red"]).invoke("Which colour?").content

    def create_pipeline(**_):
        return pipeline([node(ask, None, "answer", name="ask")])
"""


def test_parts_of_langchain(make_project: Callable[..., Any]) -> None:
    """A node that imports an integration and LangChain's core alone has its calls traced."""
    pytest.importorskip("langchain_openai")
    project = make_project(CHAIN, mlflow={"autolog": {"langchain": True}})
    done = project.kedro("run", env={"PYTHONPATH": PATH})
    assert done.returncode == 0, done.stderr + done.stdout
    run = project.run
    traces = project.client.search_traces([run.info.experiment_id])
    of_run = [
        trace
        for trace in traces
        if trace.info.request_metadata.get("mlflow.sourceRun") == run.info.run_id
    ]
    names = {span.name for trace in of_run for span in trace.data.spans}
    assert "FakeListChatModel" in names
