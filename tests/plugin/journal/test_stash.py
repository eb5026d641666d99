"""Artifacts in a journal: copied, linked, or left where they lie."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow_on_kedro.journal import stash as stashing
from mlflow_on_kedro.journal.copies import COPIES
from mlflow_on_kedro.journal.entries import FILES, Entry, File, Model
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.snapshot import ChangedFileError, Snapshot, files_below
from mlflow_on_kedro.journal.stash import stash
from mlflow_on_kedro.journal.writer import Writer

needs_links = pytest.mark.skipif(os.name == "nt", reason="Windows has them, and cannot use them")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes are large, and the file system clones nothing, as most do not."""
    monkeypatch.setattr(stashing, "LINK_BYTES", 5)
    monkeypatch.setattr(stashing, "_clone", lambda *_: False)


def made(path: Path, content: str = "content") -> Path:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def own(path: Path) -> File:
    """The entry of a file that will be moved to another place, and never be written to."""
    return File(str(path), snapshot=Snapshot.from_path(path, path.with_name("later")))


def bytes_in(folder: Path) -> int:
    """How much disk is used for the files that only this folder has."""
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(found.st_size for found in files if found.st_nlink == 1)


@needs_links
class TestLinks:
    """Files that are replaced and never written to."""

    def test_a_large_one(self, tmp_path: Path) -> None:
        """It is linked, and takes no room."""
        file = made(tmp_path / "a.bin")
        snapshot = stash(own(file), tmp_path / "kept", 100, "none")
        assert (tmp_path / "kept" / "a.bin").samefile(file)
        assert snapshot == Snapshot("", (("", 7, file.stat().st_mtime_ns),))

    def test_a_small_one(self, tmp_path: Path) -> None:
        """It is copied."""
        file = made(tmp_path / "a.bin", "abc")
        assert stash(own(file), tmp_path / "kept", 100, "none") is None
        assert not (tmp_path / "kept" / "a.bin").samefile(file)

    def test_one_that_may_be_written_to(self, tmp_path: Path) -> None:
        """It is copied."""
        file = made(tmp_path / "a.bin")
        assert stash(File(str(file)), tmp_path / "kept", 100, "none") is None
        file.write_text("changed")
        assert (tmp_path / "kept" / "a.bin").read_text() == "content"

    def test_a_model(self, tmp_path: Path) -> None:
        """Its large files are linked, the others copied."""
        made(tmp_path / "m" / "MLmodel", "a")
        large = made(tmp_path / "m" / "deep" / "weights.bin")
        entry = Model(str(tmp_path / "m"), "m", "{}", snapshot=Snapshot.from_path(tmp_path / "m"))
        snapshot = stash(entry, tmp_path / "kept", 0, "none")
        assert snapshot is not None
        assert [name for name, _, _ in snapshot.files] == ["deep/weights.bin"]
        assert bytes_in(tmp_path / "kept") == 1
        assert (tmp_path / "kept" / "m" / "deep" / "weights.bin").samefile(large)

    def test_another_file_system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What cannot be linked is copied; what is too large stays where it will lie."""

        def refuse(*_: object) -> None:
            raise OSError("Invalid cross-device link")

        monkeypatch.setattr(os, "link", refuse)
        entry = own(made(tmp_path / "a.bin"))
        assert stash(entry, tmp_path / "copied", 100, "none") is None
        assert (tmp_path / "copied" / "a.bin").read_text() == "content"
        assert stash(entry, tmp_path / "kept", 6, "none") == entry.snapshot
        assert list((tmp_path / "kept").iterdir()) == []


class TestLarge:
    """What is larger than ``tracking.max_copy``."""

    def test_a_file(self, tmp_path: Path) -> None:
        """It stays where it is; its size and time are noted."""
        file = made(tmp_path / "a.bin")
        snapshot = stash(File(str(file)), tmp_path / "kept", 6, "none")
        assert snapshot == Snapshot(str(file), (("", 7, file.stat().st_mtime_ns),))
        assert list((tmp_path / "kept").iterdir()) == []

    def test_a_folder(self, tmp_path: Path) -> None:
        """All its files count together; what is no part of it does not."""
        for name in ("a.bin", "deep/b.bin", "own/c.bin"):
            made(tmp_path / "f" / name)
        entry = File(str(tmp_path / "f"))
        assert stash(entry, tmp_path / "copied", 14, "own") is None
        snapshot = stash(entry, tmp_path / "kept", 13, "own")
        assert snapshot is not None
        assert [name for name, _, _ in snapshot.files] == ["a.bin", "deep/b.bin"]

    def test_a_folder_of_spark(self, tmp_path: Path) -> None:
        """Checksums of files and the mark that a folder is complete are left out at any depth."""
        folder = tmp_path / "table"
        kept = ("year=1/part-0.parquet", ".own.crc", "00.crc", "_SUCCESS.txt")
        marks = ("_SUCCESS", "._SUCCESS.crc", "year=1/.part-0.parquet.crc", "year=1/_SUCCESS")
        for name in (*kept, *marks):
            made(folder / name, "x")
        stash(File(str(folder)), tmp_path / "copy", 10**9, ".mlflow_on_kedro")
        copied = tmp_path / "copy" / "table"
        found = {
            item.relative_to(copied).as_posix() for item in copied.rglob("*") if item.is_file()
        }
        assert found == set(kept) == set(files_below(folder))

    def test_a_clone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file system that shares blocks takes it, whatever its size."""
        monkeypatch.setattr(
            stashing, "_clone", lambda source, target: bool(target.write_bytes(source.read_bytes()))
        )
        file = made(tmp_path / "a.bin")
        assert stash(File(str(file)), tmp_path / "kept", 6, "none") is None
        assert [path.name for path in tmp_path.iterdir()] == ["a.bin", "kept"]


class TestSnapshot:
    """What is noted of a file."""

    def test_changed(self, tmp_path: Path) -> None:
        """Another size or time is noticed, and a file that is gone."""
        file = made(tmp_path / "a.bin")
        snapshot = Snapshot.from_path(file)
        snapshot.check(file, "")
        os.utime(file, (1, 1))
        with pytest.raises(ChangedFileError, match="was changed or removed after the run"):
            snapshot.check(file, "")
        file.unlink()
        with pytest.raises(ChangedFileError, match="max_copy"):
            snapshot.check(file, "")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"original": "", "files": [[1]]}'])
    def test_damaged(self, text: str) -> None:
        """It is refused."""
        with pytest.raises(ValueError, match="no snapshot of files"):
            Snapshot.from_text(text)


class TestJournal:
    """Such files in a journal."""

    @pytest.fixture
    def entry(self, journal: Journal, tmp_path: Path) -> Entry:
        """A file that is too large for the journal, written there and read again."""
        vars(journal)["header"] = replace(journal.header, max_copy=6)
        write = Writer(journal)
        vars(write)["_max_copy"] = 6
        write.append(File(str(made(tmp_path / "a.bin")), "to"))
        (found,) = journal.read({}, FILES, complete=False).entries
        return found

    def test_it_is_found(self, entry: Entry, tmp_path: Path) -> None:
        """It is read from where it lies."""
        assert isinstance(entry, File)
        assert (entry.source, entry.folder) == (tmp_path / "a.bin", "to")

    @pytest.mark.usefixtures("entry")
    def test_it_waits(self, journal: Journal, tmp_path: Path) -> None:
        """It counts among what waits."""
        assert journal.waiting_files() == [tmp_path / "a.bin"]

    def test_it_is_delivered(self, journal: Journal, entry: Entry, tmp_path: Path) -> None:
        """Nothing is left of it but the file itself."""
        assert isinstance(entry, File)
        journal.copies.remove(entry)
        assert list((journal.folder / COPIES).iterdir()) == []
        assert (tmp_path / "a.bin").read_text() == "content"

    @pytest.mark.usefixtures("entry")
    def test_damaged(self, journal: Journal) -> None:
        """A note that cannot be read makes its entry a damaged one."""
        (note,) = (journal.folder / COPIES).glob("*.json")
        note.write_text("{}")
        chunk = journal.read({}, FILES, complete=False)
        assert (chunk.entries, len(chunk.damaged)) == ([], 1)
