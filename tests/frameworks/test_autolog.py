"""Autologging with the frameworks themselves, whichever of them is imported first."""

from __future__ import annotations

import os
import subprocess
import sys
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
        from tests.frameworks import models
        models.MODELS["{name}"].train()
        return 1

    def create_pipeline(**_):
        return pipeline([node(train, None, "done", name="train")])
"""
# The model that a pipeline trains, and a metric that the flavor logs of it.
FLAVORS = {
    "pytorch": ("lightning", "loss"),
    "xgboost": ("xgboost", None),
    "lightgbm": ("lightgbm-booster", None),
    "statsmodels": ("statsmodels", "rsquared"),
    "keras": ("keras", "loss"),
}


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_flavor(make_project: Callable[..., Any], flavor: str) -> None:
    """What it logs is in the pipeline's run, and nothing is said of a failure."""
    name, metric = FLAVORS[flavor]
    pytest.importorskip({"pytorch": "lightning"}.get(flavor, flavor))
    project = make_project(
        NODES.format(name=name),
        mlflow={"autolog": {flavor: {"log_models": False}}, "time": {"gantt": False}},
    )
    done = project.kedro("run", env={"PYTHONPATH": PATH})
    assert done.returncode == 0, done.stderr + done.stdout
    assert "could not be switched on" not in done.stdout + done.stderr
    run = project.run
    assert run.info.status == "FINISHED"
    own = [key for key in run.data.params if not key.startswith("kedro")]
    assert own
    assert metric is None or metric in run.data.metrics


IN_A_WORKER = """
import logging
import sys

logging.basicConfig(level=logging.WARNING)
from mlflow_on_kedro.observability import autolog

autolog.enter({"pytorch": True})  # a process that has not checked it, as a worker
assert "torch" not in sys.modules
import lightning

assert lightning.Trainer
"""


def test_lightning_before_pytorch() -> None:
    """Lightning imports PyTorch while it is not whole itself, and MLflow patches both."""
    pytest.importorskip("lightning")
    done = subprocess.run(
        [sys.executable, "-c", IN_A_WORKER],
        env={**os.environ, "PYTHONPATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "could not be switched on" not in done.stderr


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
