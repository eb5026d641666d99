"""``kedro mlflow status``: what MLflow has not got."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mlflow_on_kedro.commands.status import heading
from mlflow_on_kedro.journal.entries import FILES, End, Param, Text
from mlflow_on_kedro.journal.folder import HEADER, LAST_MS, LOCK, Journal, new_id
from mlflow_on_kedro.journal.records import Header, SetAside, Trouble
from mlflow_on_kedro.journal.writer import Writer

Leave = Callable[..., Journal]


@pytest.fixture
def leave(tmp_path: Path) -> Leave:
    """A function that leaves a journal behind; its arguments are the header's."""

    def leave_(**header: Any) -> Journal:
        content = {"experiment": "demo", "start_ms": 1_700_000_000_000, "root": "/", **header}
        journal = Journal.create(tmp_path / ".mlflow_on_kedro/journal", Header(new_id(), **content))
        write = Writer(journal)
        write.append(Param("p", "v"))
        write.append(Text("a.txt", "x" * 2500))
        journal.release()
        return Journal(journal.folder)

    return leave_


def status(root: Path, *words: str) -> Result:
    """Run the command in a project, of which it needs nothing but the root."""
    from mlflow_on_kedro.cli import cli

    return CliRunner().invoke(
        cli, ["mlflow", "status", *words], obj=SimpleNamespace(project_path=root)
    )


def test_nothing(tmp_path: Path) -> None:
    """Where there is nothing it says so."""
    result = status(tmp_path)
    assert (result.output, result.exit_code) == ("Nothing waits to be delivered.\n", 0)


def test_what_waits(leave: Leave, tmp_path: Path) -> None:
    """It says of each run what it is, since when, how much waits and for what, and what to do."""
    first = leave(run_name="mine", uri="http://127.0.0.1:9")
    second = leave(start_ms=1_800_000_000_000)
    result = status(tmp_path)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("Run mine (demo) of 2023-11-1")
    assert "waits with " in lines[0]
    assert lines[0].endswith("and 1 artifact (2 kB) for http://127.0.0.1:9")
    assert lines[1] == f"  {first.folder}"
    assert lines[2].startswith("Run (demo) of 2027-01-1")
    assert lines[2].endswith("; it ran offline")
    assert lines[3] == f"  {second.folder}"
    assert lines[4] == "Deliver what waits with: kedro mlflow sync"
    assert first.exists()
    assert second.exists()


def test_where_it_would_go(leave: Leave, tmp_path: Path) -> None:
    """``--uri`` shows where each run would go, and is in the command that is suggested."""
    leave(run_name="mine", uri="http://127.0.0.1:9")
    leave()
    lines = status(tmp_path, "--uri", "http://me:hunter2@other").output.splitlines()
    assert lines[0].endswith(" for http://***@other")
    assert lines[2].endswith(" for http://***@other")
    assert lines[-1] == "Deliver what waits with: kedro mlflow sync --uri http://***@other"


def test_in_progress(leave: Leave, tmp_path: Path) -> None:
    """A run in progress is said to be; there is nothing to do about it."""
    journal = leave()
    journal.hold()
    result = status(tmp_path)
    assert ": in progress with " in result.output
    assert "kedro mlflow sync" not in result.output
    journal.release()


def test_refused_entries(leave: Leave, tmp_path: Path) -> None:
    """What was refused has a number, a reason and its tries; no secret of it is shown."""
    journal = leave(run_name="mine")
    journal.delivered = journal.sizes()
    (file,) = journal.read({}, FILES, complete=True).entries
    journal.set_aside = [
        SetAside(Param("p", "v"), "HTTPError: 413 Too Large", 1_700_000_000_000, 3),
        SetAside(file, "OSError: closed", 1_700_000_000_000, 1, may_pass=True),
    ]
    journal.ended = "FINISHED"
    result = status(tmp_path)
    lines = result.output.splitlines()
    assert "waits with 2 refused entries" in lines[0]
    assert lines[1] == "  The run has ended in MLflow: FINISHED."
    assert lines[3].startswith("  1. param 'p': refused on 2023-11-1")
    assert lines[3].endswith(" after 3 tries: HTTPError: 413 Too Large")
    assert lines[4].startswith("  2. artifact a.txt: refused on 2023-11-1")
    assert lines[4].endswith(" after 1 try: OSError: closed")


def test_many_refused_entries(leave: Leave, tmp_path: Path) -> None:
    """Many entries that were refused with the same words take one line, unless --all is given."""
    journal = leave(run_name="mine")
    journal.set_aside = [
        *(SetAside(Param(f"p{i}", "v"), "HTTPError: 403", 1_700_000_000_000, 3) for i in range(40)),
        SetAside(Param("q", "v"), "HTTPError: 413", 1_700_000_000_000, 3),
    ]
    lines = [line for line in status(tmp_path).output.splitlines() if ": HTTPError" in line]
    assert len(lines) == 2
    assert lines[0].startswith("  1 to 40. param 'p0' … param 'p39': refused, last on 2023-11-1")
    assert lines[0].endswith(": HTTPError: 403")
    assert lines[1].startswith("  41. param 'q': ")
    each = [line for line in status(tmp_path, "--all").output.splitlines() if ". param" in line]
    assert [line.split(".")[0].strip() for line in each] == [str(n) for n in range(1, 42)]


def test_trouble(leave: Leave, tmp_path: Path) -> None:
    """Why a lane waits is said with its time."""
    journal = leave(run_name="mine")
    journal.note_trouble(FILES, Trouble("ConnectionError: down", 1_700_000_000_000))
    lines = status(tmp_path).output.splitlines()
    assert lines[2].startswith("  Files, last try at 2023-11-1")
    assert lines[2].endswith(": ConnectionError: down")


def test_delivered_elsewhere(leave: Leave, tmp_path: Path) -> None:
    """A run whose pipeline has ended, while another process delivers it, is said to be."""
    journal = leave(uri="http://127.0.0.1:9")
    journal.hold_sender()
    assert ": in progress with " in status(tmp_path).output
    Writer(journal).append(End("FINISHED", 5000))
    (line, _) = status(tmp_path).output.splitlines()
    assert ": being delivered now to http://127.0.0.1:9, " in line
    assert line.endswith(" and 1 artifact (2 kB) to go")
    journal.release()


@pytest.mark.parametrize("header", ["", "[]", '{"format": 99, "new": 1}', '{"start_ms": "x"}'])
def test_a_damaged_one(leave: Leave, tmp_path: Path, header: str) -> None:
    """A journal that cannot be read is named, and hides no other."""
    leave(run_name="good")
    bad = leave()
    (bad.folder / HEADER).write_text(header)
    result = status(tmp_path)
    assert result.exit_code == 0, result.output
    assert f"{bad.folder}: " in result.output
    assert "Run good" in result.output


def test_a_damaged_lock(leave: Leave, tmp_path: Path) -> None:
    """Nor does one with a lock that is none."""
    leave(run_name="good")
    bad = leave()
    (bad.folder / LOCK).write_bytes(b"no lock" * 1000)
    result = status(tmp_path)
    assert result.exit_code == 0, result.output
    assert str(bad.folder) in result.output
    assert "Run good" in result.output


def test_another_place(leave: Leave, tmp_path: Path) -> None:
    """Another project, a copied folder or one journal can be looked at."""
    journal = leave()
    (tmp_path / "empty").mkdir()
    for place in (tmp_path, tmp_path / ".mlflow_on_kedro", journal.folder):
        assert str(journal.folder) in status(tmp_path / "empty", str(place)).output


@pytest.mark.parametrize("start_ms", [0, 1_700_000_000_000, LAST_MS - 1])
def test_any_time(start_ms: int) -> None:
    """A run of any time that a header may have has a heading."""
    assert heading(Header("a", "demo", start_ms=start_ms, root="/")).startswith("Run (demo)")
