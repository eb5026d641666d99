"""`run.children`: a child run for each namespace or registered pipeline, below the pipeline's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kedro.runner
import pytest
import yaml
from click.testing import CliRunner
from kedro.io import DatasetError

NODES = """
import os
import signal
import threading

import mlflow
import pandas as pd
from kedro.pipeline import node, pipeline

def load():
    return 3

def train(n, depth):
    mlflow.log_metric("loss", depth)
    thread = threading.Thread(target=mlflow.log_param, args=("from_thread", depth))
    thread.start()
    thread.join()
    with mlflow.start_run(run_name=f"trial {depth}", nested=True):
        mlflow.log_metric("score", depth)
    mlflow.set_tag("active", mlflow.active_run().info.run_id)
    if depth > 90:
        raise ValueError("too deep")
    return n * depth, {"depth": depth}, depth / 2

def check(f1, report):
    assert f1 == 3 * report["depth"]
    return object() if f1 > 200 else 1

def gather(germany, france):
    mlflow.log_metric("gathered", germany)
    return germany + france

def create_pipeline():
    one = pipeline([
        node(train, ["n", "params:depth"], ["f1", "report", "half"], name="train"),
        node(check, ["f1", "report"], "checked", name="check"),
    ])
    return pipeline([
        node(load, None, "n", name="load"),
        *(pipeline(one, namespace=name, inputs="n") for name in ("france", "germany")),
        node(gather, ["germany.f1", "france.f1"], "total", name="gather"),
    ])
"""
MLFLOW = "mlflow_on_kedro.MLflowDataset"
CATALOG = {
    "{ns}.f1": {"type": MLFLOW, "dataset": "m", "caching": False, "file_caching": False},
    "{ns}.report": {"type": MLFLOW, "dataset": "json", "caching": False},
    "{ns}.checked": {"type": MLFLOW, "dataset": "json"},
}
IN_FILES = {name: {"type": MLFLOW, "dataset": "m"} for name in ("n", "total", "{ns}.half")}
DEPTHS = {"germany": 2, "france": 5}
CHILDREN = {"children": "namespaces", "tags": {"team": "wine"}}


@pytest.fixture
def make(make_project: Any) -> Any:
    """A function that makes a project of two namespaces; its keywords are `tracking` and `run`."""

    def make(catalog: Any = CATALOG, depths: Any = DEPTHS, run: Any = None, **tracking: Any) -> Any:
        parameters = {name: {"depth": depth} for name, depth in depths.items()}
        mlflow = {"run": {**CHILDREN, **(run or {})}, "tracking": tracking}
        return make_project(NODES, catalog=catalog, parameters=parameters, mlflow=mlflow)

    return make


def family(project: Any) -> dict[str, Any]:
    """The runs of a project by their names; the pipeline's own is `whole`."""
    runs = project.runs()
    (whole,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = {run.info.run_name: run for run in runs if run is not whole}
    assert len(children) + 1 == len(runs)
    return {"whole": whole, **children}


def check(project: Any) -> None:
    """MLflow has each thing of both namespaces in its child run, once, and nothing waits."""
    runs = family(project)
    whole = runs.pop("whole")
    for name, depth in DEPTHS.items():
        run, trial = runs.pop(name), runs.pop(f"trial {depth}")
        run_id, tags = run.info.run_id, run.data.tags
        assert run.info.status == trial.info.status == "FINISHED"
        assert trial.data.tags["mlflow.parentRunId"] == run_id
        assert tags["mlflow.parentRunId"] == whole.info.run_id
        assert (tags["kedro.namespace"], tags["team"]) == (name, "wine")
        assert run.data.metrics == {"f1": 3.0 * depth, "half": depth / 2, "loss": float(depth)}
        assert run.data.params == {"depth": str(depth), "from_thread": str(depth)}
        assert project.artifacts(run_id) == {f"{name}.report.json", f"{name}.checked.json"}
        assert whole.info.start_time <= run.info.start_time <= run.info.end_time
        assert run.info.end_time <= whole.info.end_time
    assert runs == {}
    assert whole.info.status == "FINISHED"
    assert whole.data.params == {"germany.depth": "2", "france.depth": "5"}
    own = {
        name: item
        for name, item in whole.data.metrics.items()
        if not name.startswith("system/time/")
    }
    assert own == {"n": 3, "total": 21, "gathered": 6}
    assert "system/time/germany.train" in whole.data.metrics
    assert journals(project) == []


def journals(project: Any) -> list[Path]:
    """The journals that wait."""
    return list((project.root / ".mlflow_on_kedro" / "journal").rglob("run.json"))


def command(project: Any, *words: str) -> str:
    """Run ``kedro mlflow``."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", *words], obj=metadata).output


@pytest.mark.parametrize(
    ("runner", "is_async"),
    [
        ("SequentialRunner", False),
        ("ThreadRunner", False),
        pytest.param("SequentialRunner", True, marks=pytest.mark.slow),
    ],
)
def test_in_this_process(make: Any, runner: str, is_async: bool) -> None:
    """What nodes log, in whatever thread, is in their namespace's run, without its name."""
    project = make()
    project.session_run(runner=getattr(kedro.runner, runner)(is_async=is_async))
    check(project)
    runs = family(project)
    for name, run in runs.items():
        assert run.data.tags.get("active", run.info.run_id) == run.info.run_id, name
    assert runs["whole"].info.run_id in command(project, "gantt")  # the newest run, and its chart


@pytest.mark.parametrize("start", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers(make: Any, start: str) -> None:
    """Worker processes log to the same child runs."""
    project = make(CATALOG | IN_FILES)
    done = project.kedro("run", "--runner=ParallelRunner", env={"KEDRO_MP_CONTEXT": start})
    assert done.returncode == 0, done.stdout + done.stderr
    check(project)


@pytest.mark.slow
def test_dask(make: Any) -> None:
    """So do workers of Dask."""
    pytest.importorskip("distributed")
    project = make(CATALOG | IN_FILES)
    done = project.kedro("run", "--runner=mlflow_on_kedro.DaskRunner")
    assert done.returncode == 0, done.stdout + done.stderr
    check(project)


@pytest.mark.parametrize(
    "tracking",
    [
        {"uri": "http://127.0.0.1:9", "timeout": 0.5},
        pytest.param({"mode": "offline"}, marks=pytest.mark.slow),
    ],
    ids=["away", "offline"],
)
def test_delivered_later(make: Any, tracking: dict[str, Any]) -> None:
    """What could not be delivered is, with its children, by ``kedro mlflow sync``."""
    catalog = {**CATALOG, "{ns}.f1": {"type": MLFLOW, "dataset": "m"}}  # no server to load it from
    project = make(catalog, **tracking)
    project.session_run()
    assert project.runs() == []
    assert "FINISHED" in command(project, "sync", "--uri", project.uri)
    check(project)
    assert "Nothing to deliver" in command(project, "sync")


def test_a_node_fails(make: Any) -> None:
    """The child whose node has failed says why; the others are as their nodes have ended."""
    project = make(depths={**DEPTHS, "germany": 99})
    with pytest.raises(ValueError, match="too deep"):
        project.session_run(node_names=["load", "france.train", "germany.train"])
    runs = family(project)
    germany = runs["germany"]
    for run in (germany, runs["whole"]):
        assert run.info.status == "FAILED"
        assert run.data.tags["error"] == "ValueError: too deep"
        assert run.data.tags["kedro.failed_node"] == "germany.train"
        assert "error/traceback.txt" in project.artifacts(run.info.run_id)
    assert runs["france"].info.status == "FINISHED"
    assert "error" not in runs["france"].data.tags


def test_a_save_fails(make: Any) -> None:
    """So does a child of which an output cannot be saved; one that was cut short is KILLED."""
    project = make(depths={"france": 80, "germany": 2})
    order = ["load", "france.train", "germany.train", "france.check", "germany.check"]
    with pytest.raises(DatasetError):
        project.session_run(node_names=order)
    runs = family(project)
    assert runs["france"].info.status == "FAILED"
    assert "france.checked" in runs["france"].data.tags["error"]
    assert runs["germany"].info.status == "KILLED"
    assert "kedro.interrupted_nodes" not in runs["germany"].data.tags


def test_loading_back(make: Any) -> None:
    """What a run has saved is found by its own id and by that of the child that has it."""
    project = make()
    project.session_run()
    runs = family(project)
    for path in (project.root / "data/mlflow").iterdir():
        path.unlink()

    def load(which: str, name: str) -> Any:
        run_id = runs[which].info.run_id
        entries = {key: {**entry, "loading_run_id": run_id} for key, entry in CATALOG.items()}
        project.write("conf/base/catalog.yml", yaml.safe_dump(entries))
        return project.context().catalog.load(name)

    for which in ("whole", "germany"):
        assert load(which, "germany.f1") == 6
        assert load(which, "germany.report") == {"depth": 2}
    assert load("whole", "france.report") == {"depth": 5}
    with pytest.raises(DatasetError, match=r"has no metric 'france\.f1'"):
        load("germany", "france.f1")
    with pytest.raises(DatasetError, match=r"gave no artifact 'france\.report\.json'"):
        load("germany", "france.report")


def test_a_run_of_several_processes(make: Any) -> None:
    """Processes with one `run.key` share the children, too."""
    project = make(CATALOG | IN_FILES, run={"key": "nightly"})
    project.session_run(node_names=["load", "germany.train", "france.train"])
    project.session_run(node_names=["germany.check", "france.check", "gather"])
    check(project)


PIPELINES = """
from kedro.pipeline import node, pipeline
from sklearn.linear_model import LinearRegression

def rows():
    return [[1.0], [2.0]]

def train(rows, slope):
    return LinearRegression().fit(rows, [slope * row[0] for row in rows])

def register_pipelines():
    etl = pipeline([node(rows, None, "rows", name="rows")])
    training = pipeline([node(train, ["rows", "params:slope"], "model", name="train")])
    evaluation = pipeline([
        node(lambda model, slope: slope, ["model", "params:slope"], "f1", name="evaluate")
    ])
    alone = pipeline([node(lambda: "x", None, "alone", name="alone")])
    whole = etl + training + evaluation
    return {
        "etl": etl, "training": training, "evaluation": evaluation, "whole": whole,
        "__default__": whole + alone,
    }
"""


def test_pipelines(make_project: Any) -> None:
    """Each registered pipeline has a child run; a model's metric may be in another one."""
    promote = {"alias": "champion", "metric": "f1"}
    model = {
        "type": "mlflow_on_kedro.MLflowModelDataset",
        "registered_model_name": "line",
        "promote": promote,
    }
    f1 = {"type": MLFLOW, "dataset": "m"}
    project = make_project(
        NODES,
        catalog={"model": model, "f1": f1},
        parameters={"slope": 2.0},
        mlflow={"run": {"children": "pipelines"}},
    )
    project.write(f"src/{project.package}/pipeline_registry.py", PIPELINES)
    project.session_run()
    runs = family(project)
    assert runs.keys() == {"whole", "etl", "training", "evaluation"}
    assert runs["training"].data.tags["kedro.pipeline"] == "training"
    assert runs["evaluation"].data.metrics == {"f1": 2.0}
    assert runs["whole"].data.params == {"slope": "2.0", "alone": "x"}
    project.session_run(runtime_params={"slope": 1.0})
    client = project.client
    assert client.get_registered_model("line").aliases == {"champion": 1}
    version = client.get_model_version("line", 1)
    assert version.run_id == runs["training"].info.run_id
    run_id = runs["whole"].info.run_id
    entries = {
        "model": {"type": model["type"], "run_id": run_id},
        "f1": {**f1, "loading_run_id": run_id},
    }
    project.write("conf/base/catalog.yml", yaml.safe_dump(entries))
    catalog = project.context().catalog
    assert catalog.load("f1") == 2.0
    assert catalog.load("model").coef_[0] == pytest.approx(2.0)
