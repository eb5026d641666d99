"""The log of a run in its journal: bounded, in the order of time, and complete."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mlflow_on_kedro.journal import log_file
from mlflow_on_kedro.journal.log_file import LogFile
from mlflow_on_kedro.journal.log_text import log_size, read_log


def _line(second: int, text: str) -> str:
    return f"2026-01-01 00:00:{second:02}.000 1 stdout   {text}\n"


def test_processes_are_merged_by_time(tmp_path: Path) -> None:
    """Messages of several processes are in the order of time; each keeps its lines together."""
    one, two = LogFile(tmp_path / "log"), LogFile(tmp_path / "log")
    one.write(_line(1, "a\n  second line"))
    two.write(_line(2, "b"))
    one.write(_line(3, "c"))
    expected = _line(1, "a\n  second line") + _line(2, "b") + _line(3, "c")
    assert read_log(tmp_path / "log") == expected


def test_only_the_middle_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long log the first and last lines are kept, on disk and in the text."""
    monkeypatch.setattr(log_file, "_HEAD", 4000)
    monkeypatch.setattr(log_file, "_PART", 2000)
    file, folder, sizes = LogFile(tmp_path / "log"), tmp_path / "log", [0]
    for number in range(1000):
        file.write(_line(number // 20, f"line {number}"))
        if number % 100 == 0:
            sizes.append(log_size(folder))
    assert sizes == sorted(set(sizes))
    text = read_log(folder, 8000)
    assert "line 0\n" in text
    assert "line 999\n" in text
    assert "line 500\n" not in text
    assert "bytes are left out here" in text
    assert len(text) < 8100
    assert sum(path.stat().st_size for path in folder.iterdir()) < 11_000


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A journal from elsewhere cannot have another file of this machine sent."""
    folder = tmp_path / "log"
    LogFile(folder).write(_line(1, "mine"))
    (tmp_path / "secret").write_text("secret")
    try:
        (folder / "1-00000000.0").symlink_to(tmp_path / "secret")
    except OSError:  # Windows, without the right to make links
        pytest.skip("no links here")
    assert read_log(folder) == _line(1, "mine")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork_has_a_file_of_its_own(tmp_path: Path) -> None:
    """A process that was forked does not write between the lines of its parent."""
    file = LogFile(tmp_path / "log")
    file.write(_line(1, "parent"))
    child = os.fork()
    if child == 0:
        file.write(_line(2, "child"))
        os._exit(0)
    os.waitpid(child, 0)
    assert len(list((tmp_path / "log").iterdir())) == 2
    assert read_log(tmp_path / "log") == _line(1, "parent") + _line(2, "child")
