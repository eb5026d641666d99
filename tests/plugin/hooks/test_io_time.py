"""MLflowIOTimeLoggerTransformer: load and save times under PipelineX's names."""

from __future__ import annotations

from typing import Any

import pytest

NODES = """
import time

from kedro.io import AbstractDataset
from kedro.pipeline import node, pipeline

class Slow(AbstractDataset):
    def __init__(self):
        self.value = None

    def load(self):
        time.sleep(0.2)
        return self.value

    def save(self, data):
        time.sleep(0.1)
        self.value = data

    def _describe(self):
        return {}

def double(n):
    return n * 2

def half(twice):
    return twice / 2

def create_pipeline():
    return pipeline([
        node(double, "params:n", "twice", name="double"),
        node(half, "twice", "once", name="half"),
    ])
"""
SETTINGS = """
from mlflow_on_kedro import MLflowIOTimeLoggerTransformer, MLflowTimeLoggerHook

HOOKS = ({})
"""


@pytest.fixture
def make(make_project: Any) -> Any:
    """A function that makes a project with a slow dataset."""

    def make(hooks: str, **config: Any) -> Any:
        project = make_project(
            NODES, parameters={"n": 3}, mlflow=config, settings=SETTINGS.format(hooks)
        )
        project.write("conf/base/catalog.yml", f"twice: {{type: {project.package}.nodes.Slow}}\n")
        return project

    return make


def test_names_and_values(make: Any) -> None:
    """``_time_to_load <dataset>`` and ``_time_to_save …`` are seconds; no chart is drawn."""
    project = make("MLflowIOTimeLoggerTransformer(),")
    project.session_run()
    run = project.run
    assert set(run.data.metrics) == {
        "_time_to_load twice",
        "_time_to_save twice",
        "_time_to_save once",
    }
    assert 0.2 <= run.data.metrics["_time_to_load twice"] < 1
    assert 0.1 <= run.data.metrics["_time_to_save twice"] < 1
    assert project.artifacts(run.info.run_id) == set()


def test_prefix(make: Any) -> None:
    """``metric_name_prefix`` replaces ``_time_to_``."""
    project = make("MLflowIOTimeLoggerTransformer(metric_name_prefix='io '),")
    project.session_run()
    assert set(project.run.data.metrics) == {"io load twice", "io save twice", "io save once"}


def test_beside_the_time_hook(make: Any) -> None:
    """Beside MLflowTimeLoggerHook both log their own metrics, and the chart is that hook's."""
    project = make("MLflowIOTimeLoggerTransformer(), MLflowTimeLoggerHook()")
    project.session_run()
    run = project.run
    assert {"_time_to_load twice", "system/time/half"} <= run.data.metrics.keys()
    assert "system/time/load/twice" not in run.data.metrics
    assert project.artifacts(run.info.run_id) == {"gantt.html", "kedro/timeline.json"}


@pytest.mark.parametrize("hooks", ["MLflowIOTimeLoggerTransformer(enable_mlflow=False),"])
def test_off(make: Any, hooks: str) -> None:
    """``enable_mlflow=False`` logs nothing."""
    project = make(hooks)
    project.session_run()
    assert project.runs() == []
