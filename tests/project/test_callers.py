"""Whoever calls MLflow while a pipeline runs: it lands in the pipeline's run or below it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import kedro.runner
import pytest
import yaml

from .strays import Found

HOOKS = """
import mlflow
from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks


class Mine:
    @hook_impl{first}
    def before_pipeline_run(self, run_params):
        mlflow.set_tag("before_pipeline_run", run_params["tags"])
        mlflow.sklearn.autolog(log_models=False)

    @hook_impl{first}
    def before_dataset_loaded(self, dataset_name):
        mlflow.log_metric(f"before_load.{{dataset_name}}", 1)

    @hook_impl{first}
    def after_dataset_loaded(self, dataset_name):
        mlflow.log_metric(f"after_load.{{dataset_name}}", 1)

    @hook_impl{first}
    def before_node_run(self, node):
        mlflow.log_metric(f"before.{{node.name}}", 1)

    @hook_impl{first}
    def after_node_run(self, node):
        mlflow.log_metric(f"after.{{node.name}}", 1)

    @hook_impl{first}
    def after_dataset_saved(self, dataset_name):
        mlflow.log_text("saved", f"{{dataset_name}}.txt")

    @hook_impl{first}
    def after_pipeline_run(self):
        mlflow.log_metric("after_pipeline_run", 1)
        mlflow.sklearn.autolog(disable=True)


HOOKS = {hooks}
"""
DATASETS = """
from threading import Thread

import mlflow
from kedro.io import AbstractDataset
from kedro.pipeline import node, pipeline


class Talking(AbstractDataset):
    def __init__(self, name):
        self.name = name

    def load(self):
        mlflow.log_metric(f"{self.name}.load", 1)
        return 1

    def save(self, data):
        mlflow.log_metric(f"{self.name}.save", 1)

    def _describe(self):
        return {}


def fit(x):
    from sklearn.linear_model import LinearRegression

    LinearRegression(positive=True).fit([[1], [2]], [2, 4])
    return x

def threads(x):
    def log(n):
        mlflow.log_metric(f"thread.{n}", n)
    pool = [Thread(target=log, args=(n,)) for n in range(3)]
    [each.start() for each in pool]
    [each.join() for each in pool]
    return x

def create_pipeline():
    return pipeline([
        node(fit, "given", "fitted", name="fit"), node(threads, "fitted", "done", name="threads")
    ])
"""


def talking(package: str) -> dict[str, Any]:
    """A catalog of datasets that log."""
    kind = f"{package}.nodes.Talking"
    return {name: {"type": kind, "name": name} for name in ("given", "fitted", "done")}


def made(make_project: Callable[..., Any], hooks: str, first: str) -> Any:
    """A project whose datasets and hooks log."""
    project = make_project(DATASETS, settings=HOOKS.format(hooks=hooks, first=first))
    project.write("conf/base/catalog.yml", yaml.safe_dump(talking(project.package)))
    return project


def check(project: Any) -> None:
    """All of it is in the pipeline's run, and nothing anywhere else."""
    found = Found(project)
    assert len(found.all) == 1
    metrics = found.run.data.metrics
    expected = {f"{at}_load.{name}" for at in ("before", "after") for name in ("given", "fitted")}
    expected |= {f"{at}.{name}" for at in ("before", "after") for name in ("fit", "threads")}
    expected |= {"given.load", "fitted.load", "fitted.save", "done.save", "after_pipeline_run"}
    assert expected | {f"thread.{n}" for n in range(3)} <= metrics.keys()
    assert "before_pipeline_run" in found.run.data.tags
    assert {"fitted.txt", "done.txt"} <= project.artifacts(found.run.info.run_id)


@pytest.mark.parametrize(
    ("hooks", "first", "runner", "is_async"),
    [
        ("(*mlflow_hooks(), Mine())", "", "SequentialRunner", False),
        ("(Mine(), *mlflow_hooks())", "(tryfirst=True)", "SequentialRunner", True),
        ("(*mlflow_hooks(), Mine())", "(tryfirst=True)", "ThreadRunner", False),
    ],
)
def test_hooks_and_datasets(
    make_project: Callable[..., Any], hooks: str, first: str, runner: str, *, is_async: bool
) -> None:
    """Hooks and datasets of others, in any order, log to the run, as do threads of nodes."""
    project = made(make_project, hooks, first)
    project.session_run(runner=getattr(kedro.runner, runner)(is_async=is_async))
    check(project)
    assert project.run.data.params["positive"] == "True"  # by the autologging that a hook begins


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_hooks_and_datasets_in_workers(make_project: Callable[..., Any], start: str) -> None:
    """So do those in worker processes."""
    project = made(make_project, "(Mine(), *mlflow_hooks())", "(tryfirst=True)")
    ended = project.kedro("run", "--runner=ParallelRunner", env={"KEDRO_MP_CONTEXT": start})
    assert ended.returncode == 0, ended.stderr
    check(project)


SCRIPTS = """
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread

import mlflow
from kedro.pipeline import node, pipeline
from mlflow.tracking.context.registry import resolve_tags


def ends():
    mlflow.log_metric("before_end", 1)
    mlflow.end_run()
    mlflow.log_metric("after_end", 1)
    while mlflow.active_run():  # as notebooks do
        mlflow.end_run("FAILED")
    mlflow.log_metric("after_loop", 1)
    with mlflow.start_run(run_id=mlflow.active_run().info.run_id, nested=True):
        mlflow.log_metric("by_id", 1)
    mlflow.MlflowClient().set_terminated(mlflow.active_run().info.run_id, "FAILED")

def script():
    mlflow.set_experiment("script")
    with mlflow.start_run(run_name="script") as run:
        mlflow.log_metric("script", 1)
    assert mlflow.active_run().info.run_id != run.info.run_id
    try:
        with mlflow.start_run(run_name="script twice"):
            mlflow.start_run(run_name="refused")
    except Exception as error:
        assert "is already active" in str(error)

def leaves_open():
    mlflow.start_run(nested=True, run_name="open")
    mlflow.log_metric("open", 1)
    def begin():
        mlflow.start_run(run_name="open in thread")
        mlflow.start_run(nested=True, run_name="open in it")
    thread = Thread(target=begin)
    thread.start()
    thread.join()

def optuna():  # as its callback does, with n_jobs=2
    def trial(n):
        mlflow.set_tracking_uri(mlflow.get_tracking_uri())
        with mlflow.start_run(run_name=f"trial {n}", nested=False):
            mlflow.log_metric("value", n)
            mlflow.log_param("x", n)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(trial, range(4)))

def by_parent():  # as MLflow's documentation has it for threads
    with mlflow.start_run(nested=True, run_name="search") as parent:
        def one(n):
            with mlflow.start_run(
                run_name=f"one {n}", nested=True, parent_run_id=parent.info.run_id
            ):
                mlflow.log_metric("value", n)
            mlflow.log_metric("in_thread", n)
        with ThreadPoolExecutor(1) as pool:
            list(pool.map(one, range(2)))

def lightning():  # as its logger does
    client = mlflow.MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    experiment = client.get_experiment_by_name("lightning_logs")
    place = experiment.experiment_id if experiment else client.create_experiment("lightning_logs")
    run = client.create_run(experiment_id=place, tags=resolve_tags({"mlflow.runName": "lightning"}))
    client.log_batch(run_id=run.info.run_id, metrics=[mlflow.entities.Metric("loss", 1.0, 1, 0)])
    if client.get_run(run.info.run_id):
        client.set_terminated(run.info.run_id, "FINISHED")
    with mlflow.start_run(nested=True, run_name="above"):
        below = client.create_run(place, run_name="below")
        client.set_terminated(below.info.run_id)

def evaluate():
    import pandas
    frame = pandas.DataFrame({"y": [1.0, 2.0], "p": [1.0, 2.5]})
    mlflow.models.evaluate(
        data=frame, targets="y", predictions="p", model_type="regressor",
        evaluator_config={"log_explainer": False},
    )

def goes_on():
    client = mlflow.MlflowClient()
    earlier = client.create_run(client.create_experiment("earlier"), run_name="earlier")
    client.set_terminated(earlier.info.run_id)
    with mlflow.start_run(run_id=earlier.info.run_id):
        mlflow.log_metric("later", 1)

def elsewhere():
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(os.environ["ELSEWHERE"])
    with mlflow.start_run(run_name="elsewhere"):
        mlflow.log_metric("elsewhere", 1)
    mlflow.log_metric("elsewhere_too", 1)
    return before

NODES = (ends, script, leaves_open, optuna, by_parent, lightning, evaluate, goes_on, elsewhere)

def call(name):
    globals()[name]()
    return name

def create_pipeline():
    names = [each.__name__ for each in NODES]
    return pipeline([
        node(partial(call, name), None, f"out_{name}", name=name) for name in names
    ])
"""


def test_scripts(
    make_project: Callable[..., Any],
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    store_uri: str,
    client_of: Callable[[str], Any],
) -> None:
    """What scripts and libraries do in nodes leaves no run beside the pipeline's, and none open."""
    project = make_project(SCRIPTS)
    monkeypatch.setenv("ELSEWHERE", store_uri)
    project.session_run()
    found = Found(project)
    assert found.run.info.status == "FINISHED"
    metrics = {"before_end", "after_end", "after_loop", "by_id", "in_thread"}
    assert metrics <= found.run.data.metrics.keys()
    assert any("root_mean_squared_error" in name for name in found.run.data.metrics)
    by_name = {run.info.run_name: run for run in found.all.values()}
    for name in ("script", "open", "open in thread", "search", "lightning", "above"):
        assert by_name[name] in found.children(), name
    trials = [by_name[f"trial {n}"] for n in range(4)]
    assert all(trial in found.children() for trial in trials)
    assert [by_name[f"one {n}"] for n in range(2)] == found.children(by_name["search"])
    assert found.children(by_name["above"]) == [by_name["below"]]
    assert found.children(by_name["open in thread"]) == [by_name["open in it"]]
    assert by_name["earlier"].data.metrics == {"later": 1}
    assert "refused" not in by_name
    assert sum("nested=True" in message for message in said) == 1
    client = client_of(store_uri)
    everywhere = [each.experiment_id for each in client.search_experiments()]
    others = client.search_runs(everywhere)
    assert {run.info.status for run in others} == {"FINISHED"}
    assert {name for run in others for name in run.data.metrics} == {"elsewhere", "elsewhere_too"}


PROCESSES = """
import multiprocessing
import os
import subprocess
import sys

from joblib import Parallel, delayed
from kedro.pipeline import node, pipeline


def log(name):
    import mlflow

    mlflow.log_metric(f"{name}.first", 1)
    with mlflow.start_run(run_name=f"{name} below"):
        mlflow.log_metric("m", 1)
    if name != "loky":
        mlflow.start_run(run_name=f"{name} open")

def fork(x):
    process = multiprocessing.get_context("fork").Process(target=log, args=("fork",))
    process.start()
    process.join()
    return process.exitcode

def spawn(x):
    process = multiprocessing.get_context("spawn").Process(target=log, args=("spawn",))
    process.start()
    process.join()
    return process.exitcode

def loky(x):
    Parallel(n_jobs=2)(delayed(log)("loky") for _ in range(1))
    return 0

def script(x):
    code = "import mlflow; mlflow.log_param('from', 'script'); mlflow.end_run()"
    code += "; mlflow.set_experiment('mine'); mlflow.start_run(run_name='mine')"
    return subprocess.run([sys.executable, "-c", code]).returncode

def threads(x):
    Parallel(n_jobs=2, backend="threading")(delayed(log)("threads") for _ in range(1))
    return 0

def create_pipeline():
    names = os.environ["NODES"].split(",")
    return pipeline([node(globals()[each], "params:n", f"{each}_", name=each) for each in names])
"""


@pytest.mark.parametrize(
    "nodes", ["fork,threads", pytest.param("loky,script,spawn", marks=pytest.mark.slow)]
)
def test_processes(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, nodes: str
) -> None:
    """Threads and processes of a node log to the run and leave nothing open; scripts below it."""
    monkeypatch.setenv("NODES", nodes)
    project = make_project(PROCESSES, parameters={"n": 3})
    project.session_run()
    found = Found(project)
    metrics = found.run.data.metrics
    below = {run.info.run_name for run in found.children()}
    for name in nodes.split(","):
        assert metrics[f"{name}_"] == 0
        if name != "script":
            assert metrics[f"{name}.first"] == 1
            assert f"{name} below" in below
    if "script" in nodes:
        assert "mine" in below
        assert [run for run in found.children() if run.data.params.get("from") == "script"] != []
    assert "MLFLOW_RUN_CONTEXT" not in os.environ
    assert "MLFLOW_EXPERIMENT_ID" not in os.environ


FAILING = """
from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks


class Failing:
    @hook_impl{first}
    def {name}(self):
        raise ValueError("the hook's own")


HOOKS = (*mlflow_hooks(), Failing())
"""
ONE = """
import mlflow
from kedro.pipeline import node, pipeline

def one(n):
    mlflow.start_run(nested=True, run_name="left open")
    if n == 0:
        raise ValueError("the node's own")
    return n

def create_pipeline():
    return pipeline([node(one, "params:n", "out", name="one")])
"""


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("before_pipeline_run", ""),
        ("before_pipeline_run", "(tryfirst=True)"),
        ("after_pipeline_run", ""),
        ("node", ""),
    ],
)
def test_failing(make_project: Callable[..., Any], name: str, first: str) -> None:
    """Whichever hook or node fails, the run is FAILED, with the error, and so is what was open."""
    settings = {} if name == "node" else {"settings": FAILING.format(name=name, first=first)}
    project = make_project(ONE, parameters={"n": 0 if name == "node" else 3}, **settings)
    with pytest.raises(ValueError, match="own"):
        project.session_run()
    found = Found(project)
    assert found.run.info.status == "FAILED"
    assert "own" in found.run.data.tags["error"]
    assert "error/traceback.txt" in project.artifacts(found.run.info.run_id)
    if name == "node":
        assert [child.info.status for child in found.children()] == ["FAILED"]


DOCUMENTED = """
import mlflow
import mlflow.sklearn
from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks


class ModelTrackingHooks:  # as in Kedro's documentation
    @hook_impl
    def before_pipeline_run(self, run_params):
        mlflow.start_run(run_name=run_params.get("run_id", "as Kedro 1.0 has none"))
        mlflow.log_params(run_params)

    @hook_impl
    def after_node_run(self, node, outputs, inputs):
        mlflow.log_params({"n": inputs["params:n"]})
        mlflow.log_metric("n", outputs["out"])

    @hook_impl
    def after_pipeline_run(self):
        mlflow.end_run()


HOOKS = (ModelTrackingHooks(), *mlflow_hooks())
"""


def test_documented_hooks(make_project: Callable[..., Any]) -> None:
    """Kedro's documented hooks, which start a run, have it below the pipeline's, and complete."""
    pipeline = ONE.replace('    mlflow.start_run(nested=True, run_name="left open")\n', "")
    project = make_project(pipeline, parameters={"n": 3}, settings=DOCUMENTED)
    project.session_run()
    found = Found(project)
    (child,) = found.children()
    assert child.info.status == found.run.info.status == "FINISHED"
    assert (child.data.params["n"], child.data.metrics["n"]) == ("3", 3)
