"""MLflowDataSetsLoggerHook: PipelineX's older form of automatic logging."""

from __future__ import annotations

from typing import Any

import pytest

NODES = """
import numpy as np
from kedro.pipeline import node, pipeline

def make(n, config):
    return n, np.float64(0.5), "text", [1, 2], {"a": {"b": 1}}, (1,), {"x"}, object(), 7

def create_pipeline():
    outputs = ["number", "half", "text", "list", "dict", "tuple", "set", "other", "listed"]
    return pipeline([
        node(make, ["params:n", "params:config"], outputs, name="make"),
        node(lambda number, text: text * 2, ["number", "text"], "more", name="use"),
    ])
"""
SETTINGS = """
from mlflow_on_kedro import MLflowDataSetsLoggerHook

HOOKS = (MLflowDataSetsLoggerHook(),)
"""


def test_kinds(make_project: Any) -> None:
    """Numbers are metrics; str, list, tuple, set and dict are parameters, each as a whole."""
    catalog = {"listed": {"type": "pickle.PickleDataset", "filepath": "listed.pkl"}}
    project = make_project(
        NODES, catalog=catalog, parameters={"n": 3, "config": {"k": {"v": 1}}}, settings=SETTINGS
    )
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"n": 3, "number": 3, "half": 0.5, "listed": 7}
    assert run.data.params == {
        "config": "{'k': {'v': 1}}",
        "text": "text",
        "list": "[1, 2]",
        "dict": "{'a': {'b': 1}}",
        "tuple": "(1,)",
        "set": "{'x'}",
        "more": "texttext",
    }


def test_long_values(make_project: Any) -> None:
    """A long list of numbers is a series, of texts left out; Kedro's parameters are kept whole."""
    text = NODES.replace('"text", [1, 2]', '"text", list(range(500))')
    text = text.replace('{"a": {"b": 1}}', '{"a": ["review"] * 500}')
    config = {"k": list(range(500)), "hosts": [{"name": "a", "password": "hunter2"}]}
    project = make_project(text, parameters={"n": 3, "config": config}, settings=SETTINGS)
    project.session_run()
    run = project.run
    assert run.data.metrics["list"] == 499
    assert not {"list", "dict"} & run.data.params.keys()
    assert run.data.params["config"] == str({"hosts": [{"name": "a"}], "k": list(range(500))})
    assert "kedro/not_logged.json" in project.artifacts(run.info.run_id)


@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner"])
def test_once_a_run(make_project: Any, runner: str) -> None:
    """Each value is logged once, and a second run in the same process logs all again."""
    import kedro.runner

    project = make_project(NODES, parameters={"n": 3, "config": 1}, settings=SETTINGS)
    for _ in range(2):
        project.session_run(runner=getattr(kedro.runner, runner)())
    runs = project.runs()
    assert len(runs) == 2
    for run in runs:
        assert len(project.client.get_metric_history(run.info.run_id, "number")) == 1


def test_secret_runtime_params(make_project: Any) -> None:
    """Runtime params whose names look like secrets are not logged, alone or within a dict."""
    text = NODES.replace("params:n", "params:api_token")
    project = make_project(text, parameters={"api_token": 1, "config": 1}, settings=SETTINGS)
    project.session_run(
        runtime_params={"api_token": "hush", "config": {"a": 1, "password": "hush"}}
    )
    run = project.run
    assert "api_token" not in run.data.params
    assert "hush" not in str(run.data.params.get("config"))


def test_alias() -> None:
    """``MLflowOutputsLoggerHook`` is the same class."""
    from mlflow_on_kedro import MLflowDataSetsLoggerHook, MLflowOutputsLoggerHook

    assert MLflowOutputsLoggerHook is MLflowDataSetsLoggerHook
