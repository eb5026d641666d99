"""``mlflow_log_time``: PipelineX's decorator for the duration of a function."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro import mlflow_log_time

NODES = """
from kedro.pipeline import node, pipeline
from mlflow_on_kedro import mlflow_log_time

@mlflow_log_time
def helper(n):
    return n

@mlflow_log_time
def train(n):
    return helper(n) + helper(n)

@mlflow_log_time
def chunks(n):
    yield from range(n)

def create_pipeline():
    return pipeline([
        node(train, "params:n", "model", name="train"),
        node(chunks, "params:n", "chunk", name="chunks"),
    ])
"""


def test_in_a_node(make_project: Any) -> None:
    """Each call is a point of a metric in the pipeline's run, under PipelineX's name."""
    project = make_project(NODES, parameters={"n": 3})
    project.session_run()
    (run,) = project.runs()
    assert {"__time_for_helper", "__time_for_train", "__time_for_chunks"} <= run.data.metrics.keys()
    assert len(project.client.get_metric_history(run.info.run_id, "__time_for_helper")) == 2
    assert run.data.metrics["__time_for_train"] >= 0


def test_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without an active run no run is begun; a failure of MLflow is not that of the function."""

    def double(number: int, *, by: int = 2) -> int:
        """Double a number."""
        return number * by

    timed = mlflow_log_time(double)
    assert timed(3) == 6
    assert list(tmp_path.iterdir()) == []  # and no store
    assert (timed.__name__, timed.__doc__) == ("double", "Double a number.")
    assert inspect.signature(timed) == inspect.signature(double)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert timed(3, by=3) == 9
