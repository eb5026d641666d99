"""Several runs at once: on one SQLite file, and as parts of one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from .nodes import METRICS, SERIES, VALUES_ONLY
from .processes import ended
from .project import FaultProject
from .proxy import Proxy

NODE_NAMES = ("first", "middle", "last")
# Between processes that share only values on disk.
FILES: dict[str, Any] = {
    name: {"type": "json.JSONDataset", "filepath": f"data/{name}.json"}
    for name in ("table", "series", "report")
} | {name: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"} for name in ("early", "late")}


@pytest.mark.parametrize(("count", "new"), [(6, True), (8, False)], ids=["six_new", "eight"])
def test_one_sqlite_file(
    make_fault_project: Callable[..., FaultProject], count: int, *, new: bool
) -> None:
    """Rows: six first runs at once on a new SQLite file, eight on one. All are complete."""
    project = make_fault_project(None, catalog=VALUES_ONLY, new_store=new)
    begin = time.time()
    processes = [project.start() for _ in range(count)]
    all_ended = [ended(process, begin=begin) for process in processes]
    assert [done.status for done in all_ended] == [0] * count, [done.said for done in all_ended]
    assert [done.warnings for done in all_ended] == [0] * count
    assert project.journals == []
    runs = project.runs()
    assert [run.info.status for run in runs] == ["FINISHED"] * count
    for run in runs:
        assert {key: run.data.metrics[key] for key in METRICS} == METRICS
        assert project.series(run, "series") == SERIES
        assert project.project.artifacts(run.info.run_id) == {"gantt.html"}


@pytest.mark.parametrize("at_once", [False, True], ids=["one_by_one", "at_once"])
def test_one_run_of_many_processes(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, *, at_once: bool
) -> None:
    """Row: ``kedro run --nodes=X`` for each node, as an orchestrator does. One MLflow run."""
    project = make_fault_project(proxy.uri, catalog=FILES)
    words = [("run", f"--nodes={name}") for name in NODE_NAMES]
    begin = time.time()
    if at_once:
        # Each needs what the ones before it have made.
        assert project.kedro(MLFLOW_ON_KEDRO_MODE="offline").status == 0
        journals = project.journals
    processes = []
    for word in words:
        processes.append(project.start(*word, MLFLOW_ON_KEDRO_RUN_KEY="nightly"))
        if not at_once:
            done = ended(processes[-1], begin=begin)
            assert done.status == 0, done.said
    if at_once:
        all_ended = [ended(process, begin=begin) for process in processes]
        assert [done.status for done in all_ended] == [0, 0, 0], [done.said for done in all_ended]
    else:
        journals = []
    runs = [run for run in project.runs() if run.data.tags.get("mlflow_on_kedro.key") == "nightly"]
    (run,) = runs
    assert run.info.status == "FINISHED"
    assert {f"time/node/{name}" for name in NODE_NAMES} <= set(run.data.metrics)
    assert (run.data.metrics["early"], run.data.metrics["late"]) == (6, 21)
    assert len(journals) == int(at_once)


def test_a_part_fails(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """Row: as above. A failure of one part stays, though a later one succeeds."""
    project = make_fault_project(proxy.uri, catalog=FILES)
    key = {"MLFLOW_ON_KEDRO_RUN_KEY": "it's 'quoted'"}
    failed = project.kedro("run", "--nodes=last", **key)  # its input is not there
    assert failed.status == 1, failed.said
    assert project.run.info.status == "FAILED"
    assert project.kedro("run", "--nodes=first", **key).status == 0
    assert project.run.info.status == "FAILED"
    assert project.run.data.metrics["early"] == 6
