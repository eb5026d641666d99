"""Several runs at once: on one SQLite file, and as parts of one run."""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest

from .nodes import ARTIFACTS, METRICS, SERIES, VALUES_ONLY
from .processes import ended, wait_until
from .project import FaultProject
from .proxy import Proxy

NODE_NAMES = ("first", "middle", "last")


@pytest.mark.parametrize(
    ("count", "new"),
    [(6, True), pytest.param(8, False, marks=pytest.mark.slow)],
    ids=["six_new", "eight"],
)
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
        assert project.project.artifacts(run.info.run_id) == {"gantt.html", "kedro/timeline.json"}


@pytest.mark.parametrize(
    "at_once", [pytest.param(False, marks=pytest.mark.slow), True], ids=["one_by_one", "at_once"]
)
def test_one_run_of_many_processes(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, *, at_once: bool
) -> None:
    """``kedro run --nodes=X`` for each node, as an orchestrator does. One MLflow run."""
    project = make_fault_project(proxy.uri)
    if at_once:  # each needs what the ones before it make
        assert project.kedro(MLFLOW_ON_KEDRO_MODE="offline").status == 0
        shutil.rmtree(project.journal)
    begin = time.time()
    all_ended = []
    processes = []
    for name in NODE_NAMES:
        process = project.start("run", f"--nodes={name}", MLFLOW_ON_KEDRO_RUN_KEY="nightly")
        processes.append(process)
        if not at_once:
            all_ended.append(ended(process, begin=begin))
    all_ended = all_ended or [ended(process, begin=begin) for process in processes]
    assert [done.status for done in all_ended] == [0, 0, 0], [done.said for done in all_ended]
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.params == {"n": "3"}
    assert {f"system/time/{name}" for name in NODE_NAMES} <= set(run.data.metrics)
    assert {key: run.data.metrics[key] for key in METRICS} == METRICS
    assert project.series(run, "series") == SERIES
    artifacts = project.artifacts(run)
    parts = {path for path in artifacts if path.startswith("kedro/timeline/")}
    assert len(parts) == len(processes)
    assert artifacts - parts == ARTIFACTS - {"kedro/timeline.json"}
    project.check_times(all_ended[-1], run)
    assert project.journals == []


@pytest.mark.parametrize(
    "key",
    ["it's 2026 & 'quoted'", pytest.param('so is "this", a`b%', marks=pytest.mark.slow)],
)
def test_a_part_fails(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, key: str
) -> None:
    """As above. A failure of one part stays, though a later one succeeds; any key will do."""
    project = make_fault_project(proxy.uri)
    words = {"MLFLOW_ON_KEDRO_RUN_KEY": key}
    failed = project.kedro("run", "--nodes=last", **words)  # its input is not there
    assert failed.status == 1, failed.said
    assert project.run.info.status == "FAILED"
    assert project.kedro("run", "--nodes=first", **words).status == 0
    assert project.run.info.status == "FAILED"
    assert project.run.data.metrics["early"] == METRICS["early"]


def test_syncs_beside_a_delivery(project: FaultProject, proxy: Proxy) -> None:
    """While a run is delivered in the background, two syncs make no second one of it."""
    project.stop_at("last")
    begin = time.time()
    process = project.start()
    project.wait_for("last", process)
    proxy.delay = 1.5
    project.go_on("last")
    wait_until(lambda: '"kind": "end"' in "".join(path.read_text() for path in project.entry_files))
    process.send_signal(signal.SIGINT)  # who does not wait has the rest in the background
    run = ended(process, begin=begin)
    assert project.is_delivering, run.said  # or this test shows nothing
    processes = [project.start("mlflow", "sync") for _ in range(2)]
    both = [ended(process, begin=begin) for process in processes]
    proxy.delay = 0
    project.wait_idle()
    assert all("Traceback" not in done.said for done in both), both
    assert project.sync().exit_code == 0
    project.check_complete(run)
    assert project.journals == []
    assert len(proxy.seen("runs/create")) == 1
    uploads = Counter(item.path for item in proxy.seen() if item.method == "PUT")
    assert set(uploads.values()) == {1}


@pytest.mark.slow
def test_three_syncs(offline: FaultProject, proxy: Proxy) -> None:
    """Several syncs of several runs deliver each once, and share the work."""
    names = [f"run {number}" for number in range(6)]
    for name in names:
        offline.run_here(name)
    proxy.delay = 0.1
    begin = time.time()
    processes = [offline.start("mlflow", "sync") for _ in range(3)]
    all_ended = [ended(process, begin=begin) for process in processes]
    assert [done.status for done in all_ended] == [0, 0, 0], [done.said for done in all_ended]
    assert offline.states() == dict.fromkeys(names, "FINISHED")
    assert len(offline.runs()) == len(names)
    for run in offline.runs():
        assert offline.series(run, "series") == SERIES
        assert offline.artifacts(run) == ARTIFACTS
    assert offline.journals == []
