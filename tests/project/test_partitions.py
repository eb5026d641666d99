"""Partitions through MLflow datasets and hooks, in real runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NODES = """
from kedro.pipeline import node, pipeline

SEEN = []

def make(names):
    return {name: {"name": name} for name in names}

def chunks(names):
    for name in names:
        yield {name: {"name": name}}

def lazily(names):
    return {name: lambda name=name: {"name": name} for name in names}

def use(parts):
    SEEN.append({name: part() for name, part in parts.items()})

def create_pipeline():
    return pipeline([
        node(WAY, "params:names", "parts", name="make"),
        node(use, "parts", None, name="use"),
    ])
"""
PARTS = {
    "type": "partitions.PartitionedDataset",
    "path": "data/parts",
    "dataset": "json.JSONDataset",
    "filename_suffix": ".json",
}
WRAPPED = {"parts": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": PARTS}}
ARTIFACTS = {"artifacts": {"after_node_run": ["parts"]}}


def logged(project: Any) -> set[str]:
    """The artifacts of the newest run, without the chart."""
    return set(project.artifacts(project.runs()[0].info.run_id)) - {
        "gantt.html",
        "kedro/timeline.json",
    }


@pytest.mark.parametrize("way", ["make", "chunks", "lazily"])
@pytest.mark.parametrize(
    ("catalog", "mlflow"), [(WRAPPED, {}), ({"parts": PARTS}, ARTIFACTS)], ids=["dataset", "hook"]
)
def test_what_a_run_has_written(
    make_project: Callable[..., Any], way: str, catalog: Any, mlflow: Any
) -> None:
    """All that a run has written is logged, chunk by chunk, and nothing of an earlier one."""
    project = make_project(
        NODES.replace("WAY", way),
        catalog=catalog,
        mlflow=mlflow,
        parameters={"names": ["a", "deep/b"]},
    )
    project.write("data/parts/old.json", "{}")
    project.session_run()
    assert logged(project) == {"parts/a.json", "parts/deep/b.json"}
    project.session_run(runtime_params={"names": ["a", "c"]})
    assert logged(project) == {"parts/a.json", "parts/c.json"}


def test_the_next_node_gets_what_kedro_gives(make_project: Callable[..., Any]) -> None:
    """Partitions are functions to the next node, as without this plugin, and all of them."""
    project = make_project(
        NODES.replace("WAY", "make"), catalog=WRAPPED, parameters={"names": ["a"]}
    )
    project.write("data/parts/old.json", "{}")
    project.session_run()
    import importlib

    nodes = importlib.import_module(f"{project.package}.nodes")
    assert nodes.SEEN == [{"a": {"name": "a"}, "old": {}}]


def test_processes(make_project: Callable[..., Any]) -> None:
    """So is it in worker processes."""
    from kedro.runner import ParallelRunner

    project = make_project(
        NODES.replace("WAY", "make"), catalog=WRAPPED, parameters={"names": ["a"]}
    )
    project.write("data/parts/old.json", "{}")
    project.session_run(runner=ParallelRunner())
    assert logged(project) == {"parts/a.json"}


def test_partitions_as_an_input(make_project: Callable[..., Any]) -> None:
    """Partitions that a run reads are a dataset that it uses, and none of them is loaded for it."""
    nodes = """
    from kedro.pipeline import node, pipeline

    def use(parts):
        return len(parts)

    def create_pipeline():
        return pipeline([node(use, "parts", "count", name="use")])
    """
    project = make_project(nodes, catalog={"parts": PARTS})
    project.write("data/parts/a.json", "this is no JSON")
    project.write("data/parts/ignored.txt", "1")
    project.session_run()
    project.write("data/parts/ignored.txt", "2")
    project.session_run()
    project.write("data/parts/deep/b.json", "nor this")
    project.session_run()
    last, second, first = [run.inputs.dataset_inputs[0].dataset for run in project.runs()]
    assert first.digest == second.digest != last.digest
    assert '"partitions": 2' in last.profile
    assert '"digest_of": "names and content"' in last.profile
