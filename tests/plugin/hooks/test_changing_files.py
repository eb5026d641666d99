"""``artifacts.every``: files are logged while a pipeline runs, when they have changed."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.hooks import changing_files
from mlflow_on_kedro.hooks.changing_files import ChangingFiles
from mlflow_on_kedro.journal import stash
from mlflow_on_kedro.journal.entries import File
from mlflow_on_kedro.journal.records import Watched
from mlflow_on_kedro.journal.snapshot import state_of
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

EVERY = 0.1


@pytest.fixture
def run(open_run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A run that is not delivered, with a folder of checkpoints from before."""
    monkeypatch.setattr(changing_files, "QUIET_SECONDS", 0.05)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "old.ckpt").write_text("of an earlier run")
    run = open_run(PipelineInfo(), mode="offline", max_copy=1000)
    yield run
    ChangingFiles.stop(run)


def _logged(run: Any) -> list[tuple[str, str]]:
    """The artifacts of a run so far, each with its content."""
    files = map(run.journal.copies.to_absolute, run.journal.all_of(File))
    return [(file.place, file.source.read_text()) for file in files]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_changed_files(run: Any, tmp_path: Path) -> None:
    """A new file is logged, in its folder; at the end what has not been, and nothing twice."""
    folder = tmp_path / "checkpoints"
    ChangingFiles.watch(run, ["checkpoints"], EVERY)
    (folder / "deep").mkdir()
    (folder / "deep" / "new.ckpt").write_text("one")
    _wait(lambda: _logged(run) == [("checkpoints/deep/new.ckpt", "one")])
    known = {path: state_of(path) for path in (folder / "deep" / "new.ckpt", folder / "old.ckpt")}
    _wait(lambda: run.journal.watched == Watched(["checkpoints"], known))
    # The first version has not arrived, so that a second one would take more of the disk.
    (folder / "deep" / "new.ckpt").write_text("two!")
    time.sleep(5 * EVERY)
    assert len(_logged(run)) == 1
    watched = ChangingFiles.stop(run)
    assert watched is not None
    watched.log_rest()
    assert sorted(_logged(run)[1:]) == [
        ("checkpoints/deep/new.ckpt", "two!"),
        ("checkpoints/old.ckpt", "of an earlier run"),
    ]


def test_a_look_that_fails(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a network's file system does not answer for a moment, the next look finds the file."""
    answers = changing_files.states
    ChangingFiles.watch(run, ["checkpoints"], EVERY)
    failed: list[None] = []

    def fail_once(*_: Any) -> Any:
        monkeypatch.setattr(changing_files, "states", answers)
        failed.append(None)
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(changing_files, "states", fail_once)
    _wait(lambda: bool(failed))
    (tmp_path / "checkpoints" / "new.ckpt").write_text("one")
    _wait(lambda: _logged(run) == [("checkpoints/new.ckpt", "one")])


def test_next_version(run: Any, tmp_path: Path) -> None:
    """Once a version has arrived, the next one is logged; an unchanged file never again."""
    file = tmp_path / "checkpoints" / "last.ckpt"
    ChangingFiles.watch(run, ["checkpoints"], EVERY)
    file.write_text("one")
    _wait(lambda: len(_logged(run)) == 1)
    run.journal.delivered = run.journal.sizes()
    time.sleep(5 * EVERY)
    assert len(_logged(run)) == 1
    file.write_text("two!")
    _wait(lambda: [text for _, text in _logged(run)] == ["one", "two!"])


def test_file_that_is_being_written(run: Any, tmp_path: Path) -> None:
    """As long as something writes to a file, it is not logged."""
    ended = threading.Event()
    ChangingFiles.watch(run, ["checkpoints"], EVERY)
    with (tmp_path / "checkpoints" / "new.ckpt").open("w") as file:

        def write() -> None:
            while not ended.wait(0.01):
                file.write("x")
                file.flush()

        thread = threading.Thread(target=write)
        thread.start()
        time.sleep(5 * EVERY)
        assert _logged(run) == []
        ended.set()
        thread.join()
    whole = (tmp_path / "checkpoints" / "new.ckpt").read_text()
    _wait(lambda: _logged(run) == [("checkpoints/new.ckpt", whole)])


class _Clock(threading.Event):
    """An event that nobody waits for: time passes at once, and what is due happens."""

    def __init__(self, seconds: float, period: float, write: Callable[[], None]) -> None:
        super().__init__()
        self._now, self._end, self._due = 0.0, seconds, period
        self._period, self._write = period, write

    def wait(self, timeout: float | None = None) -> bool:
        """Let seconds pass; return whether the time is over."""
        self._now += timeout or 0.0
        while self._due <= self._now:
            self._due += self._period
            self._write()
        return self._now >= self._end


@pytest.mark.parametrize(
    ("period", "is_replaced", "least"),
    [(4.9, False, 9), (5.0, False, 9), (2.6, False, 9), (1.0, True, 5), (1.0, False, 0)],
)
def test_file_that_changes_often(
    run: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    period: float,
    is_replaced: bool,
    least: int,
) -> None:
    """Every period sees a version of a file that rests for a while, or that is replaced."""
    file, versions = tmp_path / "checkpoints" / "last.ckpt", []

    def write() -> None:
        versions.append("x" * (len(versions) + 1))
        written = file.with_suffix(".new") if is_replaced else file
        written.write_text(versions[-1])
        written.replace(file)
        run.journal.delivered = run.journal.sizes()

    monkeypatch.setattr(changing_files, "QUIET_SECONDS", 2.0)
    files = ChangingFiles(run, ["checkpoints/last.ckpt"], 5.0)
    files._ended = _Clock(60.0, period, write)
    files._work()
    logged = [text for _, text in _logged(run)]
    assert len(logged) >= least
    assert bool(logged) == bool(least)
    assert len(logged) == len(set(logged))
    assert set(logged) <= set(versions)


def test_file_that_changes_while_it_is_copied(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of half of one version and half of the next is not logged."""
    file, copy, copies = tmp_path / "checkpoints" / "new.ckpt", stash._copy, []

    def slow(source: Path, target: Path, *, may_link: bool) -> bool:
        copied = copy(source, target, may_link=may_link)
        copies.append(source)
        if len(copies) == 1:
            file.write_text("another version")
        return copied

    monkeypatch.setattr(stash, "_copy", slow)
    ChangingFiles.watch(run, ["checkpoints"], EVERY)
    file.write_text("one")
    _wait(lambda: bool(_logged(run)))
    assert _logged(run) == [("checkpoints/new.ckpt", "another version")]
    assert len(copies) == 2


def test_large_file(run: Any, tmp_path: Path, said: list[str]) -> None:
    """What would not be copied is logged at the end only, with one message."""
    file = tmp_path / "checkpoints" / "large.ckpt"
    ChangingFiles.watch(run, ["checkpoints"], EVERY)
    file.write_text("x" * 2000)
    _wait(lambda: bool(said) or bool(_logged(run)))
    if _logged(run):
        pytest.skip("this file system copies by sharing the blocks")
    (message,) = said
    assert message == (
        f"`artifacts.every`: {file} is larger than `tracking.max_copy` (1,000 bytes), so it is "
        "logged when the pipeline has ended."
    )


def test_no_files(run: Any, said: list[str]) -> None:
    """The key alone does nothing, which is said."""
    ChangingFiles.watch(run, [], EVERY)
    assert said == [
        "`artifacts.every` has no effect: `artifacts.after_pipeline_run` names no files."
    ]
