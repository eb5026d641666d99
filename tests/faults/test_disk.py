"""A full disk, a read-only folder and damaged journals: the rest is tracked all the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .nodes import METRICS, NODES, SERIES
from .processes import Ended
from .project import FaultProject
from .proxy import Proxy

NAMESPACE = ("unshare", "--map-root-user", "--mount")
BIG = NODES.replace("range(n)]", "range(30_000)]")  # half a megabyte of table.json


@pytest.fixture(scope="module")
def mounting() -> tuple[str, ...]:
    """The beginning of a command that may mount file systems which nobody else sees."""
    if shutil.which("unshare") is None:
        pytest.skip("needs Linux's unshare")
    trial = [*NAMESPACE, "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    return (*NAMESPACE, "sh", "-c")


@pytest.mark.parametrize("full", [True, False], ids=["from_the_start", "during_the_run"])
def test_disk_full(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    mounting: tuple[str, ...],
    *,
    full: bool,
) -> None:
    """Disk full. One warning, and all is tracked without the journal."""
    project = make_fault_project(proxy.uri, BIG)
    folder = project.root / ".mlflow_on_kedro"
    folder.mkdir()
    fill = f"head -c 1M /dev/zero > {folder}/filler 2> /dev/null;" if full else ""
    mount = f'mount -t tmpfs -o size=64k none {folder} && {{ {fill} exec "$@"; }}'
    run = project.kedro("run", before=(*mounting, mount, "sh"))
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    assert "No space left on device" in run.said or "database or disk is" in run.said
    assert "Traceback" not in run.said
    project.check_complete(run)


@pytest.mark.parametrize("away", [False, True], ids=["online", "outage"])
def test_read_only_folder(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    mounting: tuple[str, ...],
    *,
    away: bool,
) -> None:
    """Read-only working folder. One warning, tracking goes on; in an outage the run too."""
    project = make_fault_project(proxy.uri, catalog={})  # in memory, logged by type
    root = project.root
    mount = f'mount --bind {root} {root} && mount -o remount,bind,ro {root} && cd {root} && "$@"'
    if away:
        proxy.mode = "refuse"
    run = project.kedro("run", before=(*mounting, mount, "sh"))
    assert run.status == 0, run.said
    assert "Traceback" not in run.said
    if away:
        assert f"127.0.0.1:{proxy.port}" in run.said
        return
    assert run.warnings == 1, run.said
    check_values(project, run)


def test_no_folder_for_the_journal(project: FaultProject) -> None:
    """Read-only working folder. Where the journal's folder cannot be made, as above."""
    (project.root / ".mlflow_on_kedro").write_text("in the way", encoding="utf-8")
    run = project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    assert "Traceback" not in run.said
    project.check_complete(run)


def test_no_journal_and_workers(project: FaultProject) -> None:
    """Read-only working folder. Worker processes track without a journal, too."""
    (project.root / ".mlflow_on_kedro").write_text("in the way", encoding="utf-8")
    run = project.kedro("run", "--runner=ParallelRunner")
    assert run.status == 0, run.said
    project.check_complete(run, by_workers=True)


@pytest.fixture
def offline(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> tuple[FaultProject, Ended]:
    """A project, and a run of it that is in the journal only."""
    project = make_fault_project(proxy.uri, tracking={"mode": "offline"})
    run = project.kedro()
    assert run.status == 0, run.said
    return project, run


def test_damaged_lines(offline: tuple[FaultProject, Ended]) -> None:
    """A damaged or truncated line. It is skipped and said, and the rest is delivered."""
    project, done = offline
    (path,) = project.journals[0].glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    (hit,) = (number for number, line in enumerate(lines) if b'"key": "early"' in line)
    whole = lines[hit]
    lines[hit] = whole[: len(whole) // 2] + b"\n"
    noise = [b"\x00" * 100 + b"\n", b"\xff\xfe\n", b"[1]\n", b'{"kind": "no such"}\n', b"\n"]
    path.write_bytes(b"".join([*noise, *lines, whole.replace(b"early", b"torn")[:-9]]))
    result = project.kedro("mlflow", "sync")
    assert result.status == 0, result.said
    assert "damaged" in result.said
    assert path.name in result.said
    assert "Traceback" not in result.said
    run = project.run
    assert run.info.status == "FINISHED"
    assert "early" not in run.data.metrics
    assert "torn" not in run.data.metrics
    assert project.series(run, "late") == [METRICS["late"]]
    assert project.series(run, "series") == SERIES
    assert project.artifacts(run) == {
        "table.json",
        "report.json",
        "gantt.html",
        "kedro/timeline.json",
    }
    project.check_times(done, run)


def test_artifact_lost_from_the_journal(offline: tuple[FaultProject, Ended]) -> None:
    """A damaged line. A copy of an artifact that is missing is said; the rest is delivered."""
    project, done = offline
    (copy,) = project.journals[0].rglob("report.json")
    copy.unlink()
    result = project.kedro("mlflow", "sync")
    assert "report.json" in result.said
    assert "Traceback" not in result.said
    run = project.run
    assert run.info.status == "FINISHED", done.said
    assert project.artifacts(run) == {"table.json", "gantt.html", "kedro/timeline.json"}
    assert project.series(run, "late") == [METRICS["late"]]


def test_damaged_header(offline: tuple[FaultProject, Ended]) -> None:
    """A damaged line. A journal without a readable header is said, and stops no other."""
    project, done = offline
    other = project.journal / ("0" * 24)
    shutil.copytree(project.journals[0], other)
    (other / "run.json").write_text('{"journal": ', encoding="utf-8")
    result = project.kedro("mlflow", "sync")
    assert result.status == 1, result.said
    assert other.name in result.said
    assert "Traceback" not in result.said
    project.check_complete(done)
    assert other.exists()
    status = project.status()
    assert other.name in status.output


def test_a_journal_names_no_files_outside(offline: tuple[FaultProject, Ended]) -> None:
    """A damaged line. A journal from elsewhere cannot have other files uploaded."""
    project, done = offline
    secret = project.root / "secret.txt"
    secret.write_text("hush", encoding="utf-8")
    (path,) = project.journals[0].glob("*.jsonl")
    with path.open("a") as file:
        for name in (str(secret), "../../../../secret.txt"):
            file.write(json.dumps({"kind": "file", "path": name, "folder": ""}) + "\n")
    result = project.kedro("mlflow", "sync")
    assert "damaged" in result.said, result.said
    assert project.artifacts(project.run) == {
        "table.json",
        "report.json",
        "gantt.html",
        "kedro/timeline.json",
    }
    project.check_complete(done)


def check_values(project: FaultProject, ended: Ended) -> None:
    """Check a complete run of the pipeline with values only."""
    run = project.run
    assert run.info.status == "FINISHED", ended.said
    assert run.data.params["series"] == "[6, 7, 8]"
    assert {key: run.data.metrics[key] for key in METRICS} == METRICS
    assert "gantt.html" in project.artifacts(run)


def test_read_only_journals_are_synced(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    mounting: tuple[str, ...],
    tmp_path: Path,
) -> None:
    """Read-only working folder. Sync of a folder that cannot be written to says so."""
    project = make_fault_project(proxy.uri, tracking={"mode": "offline"})
    done = project.kedro()
    assert done.status == 0, done.said
    folder = tmp_path / "carried"
    shutil.copytree(project.root / ".mlflow_on_kedro", folder)
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && " + '"$@"'
    result = project.kedro("mlflow", "sync", str(folder), before=(*mounting, mount, "sh"))
    assert "Traceback" not in result.said
    assert result.status == 1, result.said
