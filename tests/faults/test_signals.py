"""Ctrl-C, SIGTERM and ``kill -9``: the run is KILLED, and the process ends as without tracking."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from .nodes import NODES, SERIES
from .processes import Ended, ended, kill_all, wait_until
from .project import FaultProject
from .proxy import Proxy
from .rules import Mode

WITHIN_SECONDS = 5
SLACK_SECONDS = 10

CATCHING = """
import signal
import sys
from pathlib import Path

from mlflow_on_kedro import mlflow_hooks

HOOKS = mlflow_hooks()

def _note(number, frame):
    with Path("handled.txt").open("a") as file:
        file.write(f"{number}\\n")
    {then}

signal.signal(signal.SIGTERM, _note)
"""
BUSY = {
    "sleep": "time.sleep(600)",
    # C code that lets other threads run, and hears of signals only when it is done.
    "c_code": "__import__('hashlib').pbkdf2_hmac('sha256', b'x', b'y', 2_000_000_000)",
}


def busy(how: str) -> str:
    """The project's nodes, with a last one that takes for ever."""
    return NODES.replace('    reach("last")\n', f'    reach("last")\n    {BUSY[how]}\n')


def interrupt(
    project: FaultProject,
    number: int,
    *,
    group: bool = False,
    tree: bool = False,
    words: tuple[str, ...] = (),
    after: float = 0.0,
) -> Ended:
    """Send a signal to a run at its last node, and wait for its end.

    Args:
        project: The project.
        number: The signal.
        group: Send it to the whole process group, as a terminal does.
        tree: Kill all that the run has started instead, also the process that delivers.
        words: What follows ``kedro run``.
        after: Seconds that the node has been at work.

    Returns:
        The process's end; its ``begin`` is that of the signal.
    """
    process = project.start("run", *words)
    project.wait_for("last", process)
    time.sleep(after)
    begin = time.time()
    if tree:
        kill_all(process)
    else:
        begin = send(process, number, group=group)
    return ended(process, begin=begin, seconds=120)


def send(process: subprocess.Popen[str], number: int, *, group: bool = False) -> float:
    """Send a signal; a terminal sends it to the whole process group."""
    time.sleep(0.3)  # `reach` is followed by the node's own work
    if group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    return time.time()


def check_killed(project: FaultProject, done: Ended, run: Any = None) -> None:
    """Check that the run is KILLED, with what was logged before."""
    run = run or project.run
    assert run.info.status == "KILLED", done.said
    assert run.info.end_time >= run.info.start_time
    assert run.data.tags["kedro.interrupted_nodes"] == "last"
    assert project.series(run, "series") == SERIES
    assert project.series(run, "system/time/first") != []
    assert {"table.json"} <= project.artifacts(run)


@pytest.mark.parametrize("how", [pytest.param("sleep", marks=pytest.mark.slow), "c_code"])
def test_sigterm(make_fault_project: Callable[..., FaultProject], proxy: Proxy, how: str) -> None:
    """SIGTERM. KILLED in MLflow within 5 s, and the status is that of SIGTERM."""
    project = make_fault_project(proxy.uri, busy(how))
    done = interrupt(project, signal.SIGTERM)
    assert done.status == -signal.SIGTERM, done.said
    assert done.seconds < WITHIN_SECONDS + SLACK_SECONDS
    check_killed(project, done)
    assert project.journals == []


def test_sigterm_of_workers_too(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """SIGTERM. As a container ends, with worker processes: one run, KILLED."""
    project = make_fault_project(proxy.uri, busy("sleep"))
    done = interrupt(project, signal.SIGTERM, group=True, words=("--runner=ParallelRunner",))
    assert done.status == -signal.SIGTERM, done.said
    assert done.seconds < WITHIN_SECONDS + SLACK_SECONDS
    check_killed(project, done)


def test_ctrl_c_while_it_delivers(project: FaultProject, proxy: Proxy) -> None:
    """Ctrl-C. Who does not wait for the last deliveries has them later, and FINISHED."""
    project.stop_at("last")
    begin = time.time()
    process = project.start()
    project.wait_for("last", process)
    proxy.delay = 2
    project.go_on("last")
    wait_until(lambda: '"kind": "end"' in "".join(path.read_text() for path in project.entry_files))
    end = time.time()
    process.send_signal(signal.SIGINT)
    done = ended(process, begin=begin, seconds=120)
    assert done.end - end < WITHIN_SECONDS + SLACK_SECONDS
    assert "Traceback" not in done.said
    proxy.delay = 0
    project.wait_idle()
    project.sync()
    project.check_complete(done)


@pytest.mark.parametrize(
    "runner",
    ["SequentialRunner", pytest.param("ThreadRunner", marks=pytest.mark.slow), "ParallelRunner"],
)
def test_ctrl_c(make_fault_project: Callable[..., FaultProject], proxy: Proxy, runner: str) -> None:
    """Ctrl-C. KILLED in MLflow within 5 s, and the status is the one of Kedro."""
    project = make_fault_project(proxy.uri, busy("sleep").replace("600", "3"))
    done = interrupt(project, signal.SIGINT, group=True, words=(f"--runner={runner}",))
    assert done.status == 1, done.said
    if runner != "ThreadRunner":  # whose threads are waited for, with and without tracking
        assert done.seconds < WITHIN_SECONDS + SLACK_SECONDS
    check_killed(project, done)


@pytest.mark.parametrize(
    ("number", "mode"),
    [pytest.param(signal.SIGINT, "hang", marks=pytest.mark.slow), (signal.SIGTERM, "refuse")],
)
def test_signal_during_an_outage(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, mode: Mode, number: int
) -> None:
    """Ctrl-C, SIGTERM. In an outage too the process ends within 5 s; sync has it KILLED."""
    project = make_fault_project(proxy.uri, busy("sleep"))
    proxy.mode = mode
    done = interrupt(project, number)
    assert done.status == (-number if number == signal.SIGTERM else 1), done.said
    assert done.seconds < WITHIN_SECONDS + SLACK_SECONDS
    proxy.mode = "pass"
    project.wait_idle()
    assert project.sync().exit_code == 0
    check_killed(project, done)
    assert project.run.info.end_time <= done.end * 1000 + 1000


@pytest.mark.parametrize(
    ("then", "status", "state"), [("sys.exit(7)", 7, "KILLED"), ("pass", 0, "FINISHED")]
)
def test_own_handler(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    then: str,
    status: int,
    state: str,
) -> None:
    """SIGTERM. The user's own handler is called once, and decides what happens."""
    project = make_fault_project(
        proxy.uri,
        busy("sleep").replace("600", "2"),
        settings=CATCHING.replace("{then}", then),
    )
    done = interrupt(project, signal.SIGTERM)
    assert done.status == status, done.said
    assert (project.root / "handled.txt").read_text() == f"{int(signal.SIGTERM)}\n"
    assert project.run.info.status == state
    assert project.series(project.run, "series") == SERIES


@pytest.mark.slow
def test_ignored(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> None:
    """SIGTERM. Where it is ignored, as by ``nohup``-like wrappers, the run goes on."""
    settings = CATCHING.replace("{then}", "pass").replace("_note)", "signal.SIG_IGN)")
    project = make_fault_project(proxy.uri, busy("sleep").replace("600", "2"), settings=settings)
    done = interrupt(project, signal.SIGTERM)
    assert done.status == 0, done.said
    project.check_complete(Ended(0, done.said, 0, done.end))


def test_kill_9(project: FaultProject) -> None:
    """``kill -9``. The process that delivers marks the run KILLED at once."""
    project.stop_at("last")
    done = interrupt(project, signal.SIGKILL, group=True)
    assert done.status == -signal.SIGKILL
    wait_until(lambda: not project.journals)
    check_killed(project, done)
    assert project.run.info.end_time <= done.end * 1000 + 1000


@pytest.mark.parametrize("away", [False, True], ids=["both killed", "outage"])
def test_kill_9_then_sync(project: FaultProject, proxy: Proxy, *, away: bool) -> None:
    """``kill -9``. Sync delivers what is left and marks the run KILLED."""
    if away:
        proxy.mode = "refuse"
    project.stop_at("last")
    done = interrupt(project, signal.SIGKILL, group=away, tree=not away)
    assert done.status == -signal.SIGKILL
    project.wait_idle()
    assert len(project.journals) == 1
    proxy.mode = "pass"
    result = project.sync()
    assert result.exit_code == 0, result.output
    check_killed(project, done)
    assert project.run.info.end_time <= done.end * 1000 + 1000
    assert project.journals == []
    assert project.sync().output.strip() == "Nothing to deliver."


def test_kill_9_in_a_long_node(project: FaultProject) -> None:
    """A run that is killed while a node is long at work lasts until then, as far as is known."""
    project.stop_at("last")
    done = interrupt(project, signal.SIGKILL, tree=True, after=6)
    project.wait_idle()
    assert project.sync().exit_code == 0
    check_killed(project, done)
    assert 0 <= done.end - project.run.info.end_time / 1000 < 4


def test_kill_9_then_run(project: FaultProject) -> None:
    """``kill -9``. The next run delivers the rest and marks the run KILLED."""
    project.stop_at("last")
    done = interrupt(project, signal.SIGKILL, tree=True)
    project.go_on("last")
    later = project.kedro()
    assert later.status == 0, later.said
    first, second = project.runs()
    check_killed(project, done, first)
    project.check_complete(later, run=second)
    assert project.journals == []


def test_kill_9_of_a_worker(project: FaultProject) -> None:
    """``kill -9``. A worker process that dies makes the run FAILED, with all before it."""
    project.stop_at("last")
    process = project.start("run", "--runner=ParallelRunner")
    project.wait_for("last", process)
    begin = time.time()
    os.kill(int((project.signals / "reached_last").read_text()), signal.SIGKILL)
    project.go_on("last")
    done = ended(process, begin=begin, seconds=120)
    assert done.status == 1, done.said
    run = project.run
    assert run.info.status == "FAILED"
    assert project.series(run, "series") == SERIES
    assert {"table.json", "error/traceback.txt"} <= project.artifacts(run)
