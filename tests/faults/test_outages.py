"""The server refuses, hangs, fails, goes away and comes back; what it missed is delivered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import EXTRA, SHORT_WAIT
from .nodes import METRICS, NODES
from .processes import Ended, ended
from .project import FaultProject
from .proxy import Proxy
from .rules import Mode

# What the issue allows, and what a busy machine may take on top of it.
EXTRA_SECONDS = 10
SLACK_SECONDS = 15


@pytest.mark.parametrize(
    "mode",
    ["refuse", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("hang", "http500"))],
)
def test_away_from_the_start(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    untracked_seconds: float,
    request: pytest.FixtureRequest,
    mode: Mode,
) -> None:
    """Refuses, hangs, answers 500 at the start. The pipeline runs on, and says so once."""
    project = make_fault_project(proxy.uri_of("me:hush"))
    proxy.mode = mode
    run = project.kedro()
    extra = run.seconds - untracked_seconds
    request.node.user_properties.append((EXTRA, f"{extra:.1f}"))
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    assert f"http://***@127.0.0.1:{proxy.port}" in run.said
    assert "kedro mlflow sync" in run.said
    assert "hush" not in run.said
    assert "Traceback" not in run.said
    assert extra < EXTRA_SECONDS + SLACK_SECONDS
    assert (project.root / "data/mlflow/report.json").exists()
    assert len(project.journals) == 1
    assert "hush" not in "".join(
        path.read_text(errors="replace") for path in project.journal.rglob("*") if path.is_file()
    )
    assert project.runs() == []


@pytest.mark.parametrize(
    "mode", ["refuse", "hang", "http500", pytest.param("lose", marks=pytest.mark.slow)]
)
def test_away_during_the_run(project: FaultProject, proxy: Proxy, mode: Mode) -> None:
    """Goes away mid-run and comes back. All is delivered before the exit."""
    project.stop_at("middle")
    project.stop_at("last")
    begin = time.time()
    process = project.start()
    project.wait_for("middle", process)
    proxy.wait_for("runs/create")
    proxy.mode = mode
    project.go_on("middle")
    project.wait_for("last", process)
    proxy.wait_for(fate=mode) if mode != "refuse" else time.sleep(3)
    proxy.mode = "pass"
    project.go_on("last")
    run = ended(process, begin=begin)
    assert run.status == 0, run.said
    # A server that answers with a failure may refuse an artifact beside all values.
    assert run.warnings <= (2 if mode == "http500" else 1), run.said
    project.check_complete(run)
    assert project.journals == []


def test_nobody_waits_for_a_silent_server(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """Hangs mid-run, with ``wait_at_end: 0``. The background outlasts it, and delivers all."""
    tracking = {"wait_at_end": 0, "timeout": 2}
    project = make_fault_project(proxy.uri, tracking=tracking)
    project.stop_at("middle")
    begin = time.time()
    process = project.start()
    project.wait_for("middle", process)
    proxy.wait_for("runs/create")
    proxy.mode = "hang"
    project.go_on("middle")
    run = ended(process, begin=begin)
    assert run.status == 0, run.said
    assert "is delivered to MLflow in the background" in run.said
    time.sleep(6)  # a run that somebody waits for would be given up after 4 s
    assert ": being delivered now to http://" in project.status().output
    proxy.mode = "refuse"  # cuts the open connections, as a server that is started anew
    proxy.mode = "pass"
    project.wait_idle()
    assert project.journals == [], project.status().output
    project.check_complete(run)


def test_away_at_the_start_only(project: FaultProject, proxy: Proxy) -> None:
    """Refuses at the start. A server that comes back during the run gets all of it."""
    proxy.mode = "refuse"
    project.stop_at("last")
    begin = time.time()
    process = project.start()
    project.wait_for("last", process)
    proxy.mode = "pass"
    project.go_on("last")
    run = ended(process, begin=begin)
    assert run.status == 0, run.said
    project.check_complete(run)
    assert project.journals == []


def test_answers_are_lost(project: FaultProject, proxy: Proxy) -> None:
    """Goes away mid-run and comes back. What is sent twice is there once."""
    proxy.mode, proxy.every = "lose", 2
    run = project.kedro()
    proxy.mode = "pass"
    result = project.sync()  # what the run could not deliver in time
    assert result.exit_code == 0, run.said + result.output
    project.check_complete(run)
    assert len(proxy.seen(fate="lose")) > 1


def test_away_for_good(outage: Ended, project: FaultProject) -> None:
    """Goes away and stays away. Sync delivers all with its own times, once."""
    assert project.runs() == []
    (journal,) = project.journals
    waiting = project.status()
    assert waiting.exit_code == 0, waiting.output
    assert "Nothing" not in waiting.output
    dry = project.sync("--dry-run")
    assert "Nothing" not in dry.output
    assert project.runs() == []
    assert project.journals == [journal]
    first = project.kedro("mlflow", "sync")
    assert first.status == 0, first.said
    assert "Traceback" not in first.said
    run = project.check_complete(outage)
    assert project.journals == []
    second = project.sync()
    assert (second.exit_code, second.output.strip()) == (0, "Nothing to deliver.")
    project.check_complete(outage)
    assert project.run.info.end_time == run.info.end_time


@pytest.mark.slow
def test_sync_of_a_server_that_is_away(outage: Ended, project: FaultProject, proxy: Proxy) -> None:
    """Goes away and stays away. A sync that reaches nobody says so and keeps the journal."""
    proxy.mode = "refuse"
    begin = time.monotonic()
    result = project.kedro("mlflow", "sync")
    assert result.status == 1, result.said
    assert "Traceback" not in result.said
    assert f"127.0.0.1:{proxy.port}" in result.said
    assert time.monotonic() - begin < 60
    assert len(project.journals) == 1
    proxy.mode, proxy.every = "lose", 3
    project.sync()
    proxy.mode = "pass"
    assert project.sync().exit_code == 0
    project.check_complete(outage)


@pytest.mark.slow
def test_two_syncs_at_once(outage: Ended, project: FaultProject) -> None:
    """Goes away and stays away. Two syncs at once deliver one run, and nothing twice."""
    begin = time.time()
    processes = [project.start("mlflow", "sync") for _ in range(2)]
    both = [ended(process, begin=begin) for process in processes]
    assert 0 in {done.status for done in both}, both
    assert all("Traceback" not in done.said for done in both), both
    project.check_complete(outage)
    assert project.journals == []


def test_the_next_run_delivers(outage: Ended, project: FaultProject) -> None:
    """Goes away and stays away. A later ``kedro run`` delivers what is left over."""
    later = project.kedro()
    assert later.status == 0, later.said
    first, second = project.runs()
    project.check_complete(outage, run=first)
    project.check_complete(later, run=second)
    assert project.journals == []


def test_artifacts_of_an_outage(outage: Ended, project: FaultProject, tmp_path: Path) -> None:
    """Artifacts during an outage. They are delivered as they were, whatever became of them."""
    (project.root / "data/mlflow/report.json").write_text('"changed"', encoding="utf-8")
    (project.root / "data/mlflow/table.json").unlink()
    result = project.sync()
    assert result.exit_code == 0, outage.said + result.output
    run = project.check_complete(outage)
    report = json.loads(project.read(run, "report.json", tmp_path / "read"))
    assert report == {"series": [6, 7, 8]}
    assert len(json.loads(project.read(run, "table.json", tmp_path / "read"))) == 3


@pytest.mark.parametrize(
    "away", [pytest.param(False, marks=pytest.mark.slow), True], ids=["online", "outage"]
)
def test_node_raises(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, tmp_path: Path, *, away: bool
) -> None:
    """Node raises. FAILED, with the error and all that was before it, also in an outage."""
    raising = NODES.replace(
        "return sum(series),", "raise ValueError('no such sum')\n    return sum(series),"
    )
    project = make_fault_project(proxy.uri, raising)
    if away:
        proxy.mode = "refuse"
    done = project.kedro("run", *[SHORT_WAIT] * away)
    assert done.status == 1, done.said
    assert "no such sum" in done.said
    if away:
        assert done.warnings >= 1
        proxy.mode = "pass"
        assert project.sync().exit_code == 0
    run = project.run
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "ValueError: no such sum"
    assert run.data.tags["kedro.failed_node"] == "last"
    assert project.series(run, "early") == [METRICS["early"]]
    assert project.series(run, "series") == [6, 7, 8]
    assert project.artifacts(run) == {
        "table.json",
        "gantt.html",
        "kedro/timeline.json",
        "error/traceback.txt",
    }
    traceback = project.read(run, "error/traceback.txt", tmp_path / "read")
    assert "ValueError: no such sum" in traceback
    project.check_times(done, run)


def test_a_run_in_progress_is_left_alone(project: FaultProject, proxy: Proxy) -> None:
    """Goes away and stays away. Sync and status leave a run alone whose process lives."""
    proxy.mode = "refuse"
    project.stop_at("last")
    begin = time.time()
    process = project.start()
    project.wait_for("last", process)
    proxy.mode = "pass"
    assert "in progress" in project.status().output
    assert "in progress" in project.sync().output
    assert process.poll() is None
    project.go_on("last")
    run = ended(process, begin=begin)
    assert run.status == 0, run.said
    project.check_complete(run)


def test_raise(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """Refuses at the start. With ``on_failure: raise`` the pipeline does not begin."""
    project = make_fault_project(proxy.uri_of("me:hush"), tracking={"on_failure": "raise"})
    proxy.mode = "refuse"
    run = project.kedro()
    assert run.status == 1, run.said
    assert "hush" not in run.said
    assert "Traceback" not in run.said
    assert not (project.signals / "reached_middle").exists()


@pytest.mark.slow
def test_slow_server(project: FaultProject, proxy: Proxy) -> None:
    """Hangs. A server that is slow and answers is waited for, and gets all."""
    proxy.delay = 0.7
    run = project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    project.check_complete(run)
