"""Every runner and start method gives the same one run, and sessions at once do not mix."""

from __future__ import annotations

import inspect
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

NODES = """
import time

import mlflow
import pandas as pd
from kedro.pipeline import node, pipeline

def make(n, config, wines):
    frame = pd.DataFrame({"x": range(n)})
    nested = {"a": 0.5, "b": {"c": "d"}}
    return "text", n, nested, frame, {"k": [1]}, {"any": n}, frame, frame, "memo"

def read(p, m, a, csv, json_value, pkl, parquet, feather, unlisted):
    assert (p, m, a) == ("text", 3, {"a": 0.5, "b": {"c": "d"}})
    assert csv.equals(parquet)
    assert feather.equals(parquet)
    assert (json_value, pkl, unlisted) == ({"k": [1]}, {"any": 3}, "memo")
    return len(csv) * 1.5

def own(n, wines):
    mlflow.log_metric("own_metric", n)
    mlflow.log_param("own_param", "yes")
    mlflow.log_text("hello", "own.txt")
    return "own"

def create_pipeline():
    made = ["p", "m", "a", "csv", "json_value", "pkl", "parquet", "feather", "unlisted"]
    return pipeline([
        node(make, ["params:n", "params:config", "wines"], made, name="make"),
        node(read, made, "result", name="read"),
        node(own, ["params:n", "wines"], "said", name="own"),
    ])
"""

MLFLOW = "mlflow_on_kedro.MLflowDataset"
CATALOG: dict[str, Any] = {
    name: {"type": MLFLOW, "dataset": dataset}
    for name, dataset in {
        "p": "p",
        "m": "m",
        "a": "a",
        "csv": "csv",
        "json_value": "json",
        "pkl": "pkl",
        "feather": "feather",
        "parquet": {"type": "pandas.ParquetDataset"},
    }.items()
}
CATALOG["pkl"] |= {"artifact_path": "models", "versioned": True}
INPUT = {"wines": {"type": "pandas.CSVDataset", "filepath": "data/wines.csv"}}
PARAMETERS = {"n": 3, "config": {"depth": 4, "name": "rbf"}}

PARAMS = {
    "n": "3",
    "config.depth": "4",
    "config.name": "rbf",
    "p": "text",
    "a.b.c": "d",
    "unlisted": "memo",
    "said": "own",
    "own_param": "yes",
}
MADE = {*CATALOG, "unlisted"}
METRICS = {
    "m",
    "a.a",
    "result",
    "own_metric",
    "system/time/pipeline",
    *(f"system/time/{name}" for name in ("make", "read", "own")),
}
ARTIFACTS = {
    "csv.csv",
    "json_value.json",
    "models/pkl.pkl",
    "feather.feather",
    "parquet.parquet",
    "own.txt",
    "gantt.html",
    "kedro/timeline.json",
}
LOADS = Counter([*MADE, "wines", "wines"])
SAVES = Counter([*MADE, "result", "said"])


def check(project: Any) -> None:
    """One FINISHED run that has everything."""
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params == PARAMS
    assert set(run.data.metrics) == METRICS
    assert (run.data.metrics["m"], run.data.metrics["result"]) == (3, 4.5)
    assert project.artifacts(run.info.run_id) == ARTIFACTS
    for name in METRICS:
        points = project.client.get_metric_history(run.info.run_id, name)
        assert len(points) == 1, name
    from mlflow.artifacts import load_dict

    timeline = load_dict(f"{run.info.artifact_uri}/kedro/timeline.json")
    timed: dict[str, Counter[str]] = {"load": Counter(), "run": Counter(), "save": Counter()}
    for span in timeline["spans"]:
        if span["kind"] != "pipeline":
            timed[span["kind"]][span.get("dataset", span["node"])] += 1
            assert 0 <= span["worker"] < len(timeline["workers"])
    nodes = Counter(["make", "read", "own"])
    assert timed == {"load": LOADS, "run": nodes, "save": SAVES}
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, len(used.tags)) == ("wines", 1)
    others = project.client.search_runs(
        [experiment.experiment_id for experiment in project.client.search_experiments()]
    )
    assert len(others) == 1


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project with an MLflow dataset of every kind."""
    project = make_project(NODES, catalog=CATALOG | INPUT, parameters=PARAMETERS)
    project.write("data/wines.csv", "alcohol\n12.5\n")
    return project


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner", "ParallelRunner"])
def test_in_this_process(project: Any, runner: str, is_async: bool) -> None:
    """Each of Kedro's runners, as from a notebook, gives one complete FINISHED run."""
    import kedro.runner

    project.session_run(runner=getattr(kedro.runner, runner)(is_async=is_async))
    check(project)


@pytest.mark.parametrize(
    ("method", "is_async"),
    [
        ("fork", True),
        ("spawn", False),
        *(
            pytest.param(method, is_async, marks=pytest.mark.slow)
            for method, is_async in [
                ("fork", False),
                ("spawn", True),
                ("forkserver", False),
                ("forkserver", True),
            ]
        ),
    ],
)
def test_start_methods(project: Any, method: str, is_async: bool) -> None:
    """``kedro run`` with ParallelRunner gives the same run under every start method."""
    done: subprocess.CompletedProcess[str] = project.kedro(
        "run", "--runner=ParallelRunner", *["--async"] * is_async, env={"KEDRO_MP_CONTEXT": method}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    check(project)


MIXING = """
import time

import mlflow
from kedro.pipeline import node, pipeline

def slow(n, naps):
    for _ in range(naps):
        time.sleep(0.3)
        mlflow.log_metric("own", n)
    return n

def twice(value):
    return value * 2

def create_pipeline():
    return pipeline([
        node(slow, ["params:n", "params:naps"], "value", name="slow"),
        node(twice, "value", "doubled", name="twice"),
    ])
"""


@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner"])
def test_sessions_at_once(
    make_project: Any, runner: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of one service session that go on at once in threads keep their values apart."""
    import kedro.runner
    import mlflow

    session = getattr(pytest.importorskip("kedro.framework.session"), "KedroServiceSession", None)
    if session is None or "serving_mode" not in inspect.signature(session.create).parameters:
        pytest.skip("this Kedro cannot run sessions at once")
    from kedro.framework.startup import bootstrap_project

    catalog = {name: {"type": MLFLOW, "dataset": "m"} for name in ("value", "doubled")}
    project = make_project(MIXING, catalog=catalog, parameters={"n": 0, "naps": 1})
    monkeypatch.chdir(tmp_path)  # so that MLflow's own default store is another one
    bootstrap_project(project.root)
    with session.create(project_path=project.root, serving_mode=True) as service:

        def run(n: int) -> None:
            service.run(
                runner=getattr(kedro.runner, runner)(), runtime_params={"n": n, "naps": 4 - n}
            )

        with ThreadPoolExecutor(3) as pool:  # the first ends while the others still run
            list(pool.map(run, [3, 2, 1]))
    runs = {run.data.params["n"]: run for run in project.runs()}
    assert set(runs) == {"1", "2", "3"}
    for n, run in runs.items():
        assert run.info.status == "FINISHED"
        assert (run.data.metrics["value"], run.data.metrics["own"]) == (int(n), int(n))
        assert len(project.client.get_metric_history(run.info.run_id, "own")) == 4 - int(n)
        assert run.data.metrics["doubled"] == int(n) * 2
        assert project.artifacts(run.info.run_id) == {"gantt.html", "kedro/timeline.json"}
    assert mlflow.active_run() is None
    assert not (tmp_path / "mlflow.db").exists()
