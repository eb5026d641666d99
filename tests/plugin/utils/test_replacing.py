"""Files and folders appear whole or not at all, whoever else writes to the same place."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow_on_kedro.utils import replacing
from mlflow_on_kedro.utils.replacing import beside, replace_file, replace_folder, stamp


def at_once(call: Callable[[int], None], threads: int = 4) -> None:
    """Call in several threads; what one of them raises fails the test."""
    failures: list[BaseException] = []

    def safely(number: int) -> None:
        try:
            call(number)
        except BaseException as error:
            failures.append(error)

    started = [threading.Thread(target=safely, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert failures == []


def make_folder(own: Path, content: str) -> None:
    """A folder whose two files belong together."""
    own.mkdir()
    for name in ("a", "b"):
        (own / name).write_text(content)


def test_files_at_once(tmp_path: Path) -> None:
    """A file that several write at once is always one of theirs, and nothing is left beside it."""
    path = tmp_path / "new" / "value.txt"

    def write(number: int) -> None:
        for _ in range(20):
            with beside(path) as own:
                own.write_text(str(number) * 1000)
                replace_file(own, path)
            content = path.read_text()
            assert (len(content), len(set(content))) == (1000, 1)

    at_once(write)
    assert list(path.parent.iterdir()) == [path]


def test_folders_at_once(tmp_path: Path) -> None:
    """A folder that several replace at once is always one of theirs."""
    path = tmp_path / "model"

    def write(number: int) -> None:
        for _ in range(20):
            with beside(path) as own:
                make_folder(own, str(number))
                replace_folder(own, path)

    at_once(write)
    assert list(tmp_path.iterdir()) == [path]
    assert (path / "a").read_text() == (path / "b").read_text()


def test_a_failed_save(tmp_path: Path) -> None:
    """What was there before stays, and nothing is left beside it."""
    path = tmp_path / "value.txt"
    path.write_text("before")
    with contextlib.suppress(ZeroDivisionError), beside(path) as own:
        own.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays as it was."""
    monkeypatch.setattr(replacing, "PATIENCE_SECONDS", 0.0)
    path = tmp_path / "model"
    make_folder(path, "before")
    with beside(path) as own, pytest.raises(FileNotFoundError):
        replace_folder(own, path)  # which nobody has made
    assert (path / "a").read_text() == "before"


def test_a_folder_that_cannot_be_put_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After all attempts the old folder is where it was."""
    monkeypatch.setattr(replacing, "PATIENCE_SECONDS", 0.1)
    path = tmp_path / "model"
    make_folder(path, "old")
    rename = Path.rename

    def held(self: Path, to: Path) -> Path:
        if self.name == "model" and to == path:
            raise PermissionError(13, "in use", str(self))
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", held)
    with beside(path) as own:
        make_folder(own, "new")
        with pytest.raises(PermissionError):
            replace_folder(own, path)
    assert (path / "a").read_text() == "old"


def test_what_a_killed_process_has_left(tmp_path: Path) -> None:
    """It is removed after a day."""
    for name, age in (("old", 2 * replacing.OLD_SECONDS), ("new", 5)):
        left = tmp_path / f"{replacing.PREFIX}{name}"
        left.mkdir()
        (left / "half.txt").write_text("half")
        os.utime(left, (time.time() - age,) * 2)
    with beside(tmp_path / "value.txt"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [f"{replacing.PREFIX}new"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_permissions_stay(tmp_path: Path) -> None:
    """A file that a group may write stays so."""
    path = tmp_path / "value.txt"
    path.write_text("before")
    path.chmod(0o664)
    with beside(path) as own:
        own.write_text("after")
        replace_file(own, path)
    assert path.stat().st_mode & 0o777 == 0o664


def test_times_differ(tmp_path: Path) -> None:
    """Files of one length that are written in the same moment are told apart."""
    times = set()
    for number in range(20):
        path = tmp_path / str(number)
        path.write_text("x")
        stamp(path)
        times.add(path.stat().st_mtime_ns)
    assert len(times) == 20
