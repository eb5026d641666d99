"""The journal of a run: nothing lost, nothing half, nothing from outside of its folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.journal import entry_files
from mlflow_on_kedro.journal.copies import COPIES
from mlflow_on_kedro.journal.entries import (
    FILES,
    VALUES,
    End,
    Entry,
    File,
    Metric,
    Param,
    Tag,
    Text,
)
from mlflow_on_kedro.journal.entry_files import CHUNK_ENTRIES
from mlflow_on_kedro.journal.entry_lines import to_line
from mlflow_on_kedro.journal.folder import HEADER, Journal, new_id
from mlflow_on_kedro.journal.records import FORMAT, Chunk, Header, Opened, SetAside, Trouble
from mlflow_on_kedro.journal.state import DELIVERED, ENDED, OPENED, SET_ASIDE, TROUBLE
from mlflow_on_kedro.journal.writer import Writer, writer

OPENED_RUN = Opened("r1", "1", "file:///a", "wise-owl")
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """Where a project's journals are."""
    return tmp_path / "project" / ".mlflow_on_kedro" / "journal"


@pytest.fixture
def journal(parent: Path) -> Iterator[Journal]:
    """A journal of a run in progress."""
    made = Journal.create(parent, header())
    yield made
    made.release()


def header(**changed: Any) -> Header:
    """What a run is."""
    return Header(
        **{"journal": new_id(), "experiment": "demo", "start_ms": 5, "root": "/", **changed}
    )


def read_all(journal: Journal, *, complete: bool = False) -> tuple[list[Entry], list[str]]:
    """All entries of a journal and what is damaged, lane after lane and chunk after chunk."""
    entries: list[Entry] = []
    damaged: list[str] = []
    for lane in (VALUES, FILES):
        positions: dict[str, int] = {}
        while True:
            chunk = journal.read(positions, lane, complete=complete)
            if not (chunk.entries or chunk.damaged):
                break
            entries += chunk.entries
            damaged += chunk.damaged
            positions = chunk.positions
    return entries, damaged


def own_file(write: Writer, lane: str = VALUES) -> Path:
    """The file in which a writer writes one lane."""
    return write._streams[lane].path


def text_of(entry: Entry) -> str:
    """The content of an artifact's copy."""
    assert isinstance(entry, File)
    return Path(entry.path).read_text(encoding="utf-8")


class TestCreate:
    """The folder of a run that begins."""

    def test_it_is_found_again(self, journal: Journal) -> None:
        """Another object of the same folder has the same header."""
        other = Journal(journal.folder)
        assert other.exists()
        assert other.header == journal.header
        assert other.header.journal == journal.folder.name

    def test_git_leaves_it_out(self, journal: Journal) -> None:
        """The working folder ignores itself, and a user's own word on that stays."""
        ignore = journal.folder.parents[1] / ".gitignore"
        assert ignore.read_text() == "*\n"
        ignore.write_text("mine\n")
        Journal.create(journal.folder.parent, header()).release()
        assert ignore.read_text() == "mine\n"

    def test_it_is_held(self, journal: Journal) -> None:
        """Nobody else takes the journal of a run in progress, and anybody one that is released."""
        with pytest.raises(BlockingIOError):
            Journal(journal.folder).hold()
        journal.release()
        other = Journal(journal.folder)
        other.hold()
        other.release()

    def test_it_travels_without_its_hold(self, journal: Journal) -> None:
        """A pickled copy is of the same folder, and to release it releases nothing."""
        copy = pickle.loads(pickle.dumps(journal))  # noqa: S301
        assert copy.folder == journal.folder
        copy.release()
        with pytest.raises(BlockingIOError):
            Journal(journal.folder).hold()

    def test_ids_differ(self) -> None:
        """No two journals have the same name."""
        assert len({new_id() for _ in range(100)}) == 100


class TestHeader:
    """What a reader makes of a header that is not as this version writes it."""

    def write(self, journal: Journal, content: Any) -> Journal:
        """Write something else into the header's file."""
        text = content if isinstance(content, str) else json.dumps(content)
        (journal.folder / HEADER).write_text(text)
        return Journal(journal.folder)

    @pytest.mark.parametrize("more", [{}, {"something": "new"}, {"start_ms": "2030-01-01"}])
    def test_a_newer_format(self, journal: Journal, more: dict[str, Any]) -> None:
        """A newer version's header is said to be one, whatever else that version has changed."""
        content = {**asdict(journal.header), "format": FORMAT + 1, **more}
        with pytest.raises(ValueError, match="written by a newer version"):
            _ = self.write(journal, content).header

    @pytest.mark.parametrize(
        "changed",
        [
            {"start_ms": "5"},
            {"start_ms": -1},
            {"start_ms": 10**15},
            {"root": None},
            {"key": 7},
            {"owned": "yes"},
            {"format": "1"},
            {"x": 1},
        ],
        ids=str,
    )
    def test_a_wrong_field(self, journal: Journal, changed: dict[str, Any]) -> None:
        """A field of a wrong type, or an unknown one, is named."""
        with pytest.raises(ValueError, match=f"run.json is damaged: .*'{next(iter(changed))}'"):
            _ = self.write(journal, {**asdict(journal.header), **changed}).header

    @pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"journal": "a"}'])
    def test_damaged(self, journal: Journal, text: str) -> None:
        """A header that is cut or incomplete is a ``ValueError``."""
        damaged = self.write(journal, text)
        try:
            found: Header | None = damaged.header
        except ValueError:
            found = None
        assert found is None

    def test_missing(self, parent: Path) -> None:
        """A folder without one is no journal."""
        (parent / "a").mkdir(parents=True)
        assert not Journal(parent / "a").exists()
        with pytest.raises(FileNotFoundError):
            _ = Journal(parent / "a").header


class TestState:
    """What is known of the delivery."""

    def test_opened_and_delivered(self, journal: Journal) -> None:
        """Both are empty at first, and are what was set last."""
        other = Journal(journal.folder)
        assert other.opened is None
        assert other.delivered == {}
        journal.opened = OPENED_RUN
        journal.delivered = {"a.jsonl": 7}
        journal.delivered = {"a.jsonl": 9}
        assert other.opened == OPENED_RUN
        assert other.delivered == {"a.jsonl": 9}

    @pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"a.jsonl": []}', '{"a.jsonl": "x"}'])
    def test_damaged(self, journal: Journal, text: str) -> None:
        """What cannot be read counts as not delivered: to deliver it again changes nothing."""
        for name in (OPENED, DELIVERED):
            (journal.folder / name).write_text(text)
        assert journal.opened is None
        assert journal.delivered == {}

    def test_whole_or_not_at_all(self, journal: Journal) -> None:
        """A reader at any moment finds a whole file, and no scratch file stays."""
        stop = threading.Event()
        found: list[dict[str, int]] = []

        def read() -> None:
            while not stop.is_set():
                found.append(Journal(journal.folder).delivered)

        journal.delivered = {"a.jsonl": 0}
        reader = threading.Thread(target=read)
        reader.start()
        for number in range(300):
            journal.delivered = {"a.jsonl": number, "b.jsonl" * 500: number}
        stop.set()
        reader.join()
        assert {} not in found
        assert not [path for path in journal.folder.iterdir() if f".{os.getpid()}-" in path.name]

    def test_ended(self, journal: Journal) -> None:
        """How the run has ended in MLflow is known to others, until that is taken back."""
        other = Journal(journal.folder)
        assert other.ended is None
        journal.ended = "FINISHED"
        assert other.ended == "FINISHED"
        journal.ended = None
        journal.ended = None
        assert other.ended is None

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
    def test_ended_damaged(self, journal: Journal, content: bytes) -> None:
        """A file that a full disk has cut says nothing: to end the run again changes nothing."""
        (journal.folder / ENDED).write_bytes(content)
        assert journal.ended is None

    def test_asked(self, journal: Journal) -> None:
        """That a server was asked to create the run is known to who comes later."""
        other = Journal(journal.folder)
        assert not other.create_requested
        for _ in range(2):
            journal.note_create_requested()
        assert other.create_requested

    def test_trouble(self, journal: Journal) -> None:
        """Each lane has its own trouble, the last one, until it has none any more."""
        other = Journal(journal.folder)
        assert other.trouble == {}
        journal.note_trouble(VALUES, None)
        assert not (journal.folder / TROUBLE).exists(), "nothing is written where all is well"
        first, last, files = Trouble("first", 1), Trouble("last", 2), Trouble("closed", 3)
        for lane, trouble in ((VALUES, first), (FILES, files), (VALUES, last)):
            journal.note_trouble(lane, trouble)
        assert other.trouble == {VALUES: last, FILES: files}
        journal.note_trouble(VALUES, None)
        assert other.trouble == {FILES: files}

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"values": 7}', '{"values": {}}', '{"values": {"reason": "x"}}']
    )
    def test_trouble_damaged(self, journal: Journal, text: str) -> None:
        """A damaged file is no trouble, and the next one is noted all the same."""
        (journal.folder / TROUBLE).write_text(text)
        assert journal.trouble == {}
        journal.note_trouble(FILES, Trouble("closed", 3))
        assert journal.trouble == {FILES: Trouble("closed", 3)}

    def test_without_a_folder(self, journal: Journal) -> None:
        """To note anything is no error when the folder is gone, and makes none."""
        journal.discard()
        journal.ended = "FINISHED"
        journal.note_create_requested()
        journal.note_trouble(VALUES, Trouble("down", 1))
        assert (journal.ended, journal.create_requested, journal.trouble) == (None, False, {})
        assert not journal.folder.exists()

    def test_failing(self, journal: Journal) -> None:
        """That MLflow does not answer is seen by others; to say it twice is no error."""
        other = Journal(journal.folder)
        assert not other.is_failing
        for failing in (True, True, False, False):
            journal.is_failing = failing
            assert other.is_failing is failing

    def test_failing_without_a_folder(self, journal: Journal) -> None:
        """It is no error either when the folder is gone."""
        journal.discard()
        journal.is_failing = True
        assert not journal.is_failing


class TestSetAside:
    """Entries that were refused."""

    def test_round_trip(self, journal: Journal) -> None:
        """Values and artifacts are read as they were put, by another object too."""
        Writer(journal).append(Text("to/a.txt", "a"))
        (file,), _ = read_all(journal)
        items = [
            SetAside(Param("p", "東"), "MlflowException: no", 5, 3),
            SetAside(file, "OSError: closed", 7, 1, may_pass=True),
        ]
        journal.set_aside = items
        assert Journal(journal.folder).set_aside == items
        journal.set_aside = []
        assert journal.set_aside == []
        assert not (journal.folder / SET_ASIDE).exists()

    def test_a_folder_that_was_moved(self, journal: Journal) -> None:
        """A copied journal names its own copies, not those of the machine that it is from."""
        Writer(journal).append(Text("a.txt", "a"))
        (file,), _ = read_all(journal)
        journal.set_aside = [SetAside(file, "closed", 5, 1)]
        shutil.copytree(journal.folder, journal.folder.parent / "copy")
        (item,) = Journal(journal.folder.parent / "copy").set_aside
        assert isinstance(item.entry, File)
        assert Path(item.entry.path).is_relative_to(journal.folder.parent / "copy")
        assert text_of(item.entry) == "a"

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"entries": 7}'])
    def test_damaged(self, journal: Journal, text: str) -> None:
        """A damaged file has no entries."""
        (journal.folder / SET_ASIDE).write_text(text)
        assert journal.set_aside == []

    @pytest.mark.parametrize(
        "changed",
        [
            {"entry": None},
            {"entry": {"kind": "param"}},
            {"entry": {"kind": "file", "path": "../../etc/passwd", "folder": ""}},
            {"time": "x"},
            {"tries": None},
            {"entry": ...},
        ],
        ids=str,
    )
    def test_a_damaged_row(self, journal: Journal, changed: dict[str, Any]) -> None:
        """A damaged row hides no other."""
        good = SetAside(Param("p", "v"), "no", 5, 3)
        journal.set_aside = [good, good]
        content = json.loads((journal.folder / SET_ASIDE).read_text())
        row = {**content["entries"][0], **changed}
        content["entries"][0] = {key: value for key, value in row.items() if value is not ...}
        (journal.folder / SET_ASIDE).write_text(json.dumps(content))
        assert journal.set_aside == [good]


class TestHoldSender:
    """Who delivers, apart from whose run it is."""

    def test_one_at_a_time(self, journal: Journal) -> None:
        """The one that delivers is one, although the run is another process's."""
        first, second = Journal(journal.folder), Journal(journal.folder)
        first.hold_sender()
        with pytest.raises(BlockingIOError):
            second.hold_sender()
        first.release()
        second.hold_sender()
        second.release()
        with pytest.raises(BlockingIOError):
            second.hold()

    def test_both_are_released(self, journal: Journal) -> None:
        """To release a journal leaves both to others."""
        journal.hold_sender()
        journal.release()
        other = Journal(journal.folder)
        other.hold()
        other.hold_sender()
        other.release()


class TestWriter:
    """Writing down."""

    def test_all_kinds(self, journal: Journal, tmp_path: Path) -> None:
        """What is read is what was put, in the order of its lane; artifacts are copies."""
        (tmp_path / "a.txt").write_text("first")
        (tmp_path / "folder" / "deep").mkdir(parents=True)
        (tmp_path / "folder" / "deep" / "b.txt").write_text("b")
        write = Writer(journal)
        plain = [Param("p", "東\n京"), Metric("m", 1.5, 7, 2), Tag("t", "")]
        for entry in plain:
            write.append(entry)
        write.append(File(str(tmp_path / "a.txt"), "to"))
        write.append(File(str(tmp_path / "folder")))
        write.append(Text("texts/c.txt", "c\r\n東"))
        write.append(End("FINISHED", 9))
        (tmp_path / "a.txt").write_text("second")
        entries, damaged = read_all(journal)
        assert not damaged
        assert entries[:4] == [*plain, End("FINISHED", 9)]
        file, folder, text = entries[4:]
        assert isinstance(file, File)
        assert isinstance(folder, File)
        assert isinstance(text, File)
        assert (text_of(file), file.folder, Path(file.path).name) == ("first", "to", "a.txt")
        assert (Path(folder.path) / "deep" / "b.txt").read_text() == "b"
        assert (Path(folder.path).name, folder.folder) == ("folder", "")
        assert Path(text.path).read_bytes() == "c\r\n東".encode()
        assert (Path(text.path).name, text.folder) == ("c.txt", "texts")

    def test_two_lanes(self, journal: Journal) -> None:
        """Values and artifacts are two files, so that neither waits for the other."""
        write = Writer(journal)
        values = write.append(Param("p", "v"))
        files = write.append(Text("a.txt", "a"))
        assert journal.sizes(VALUES) == {f"{write.name}.jsonl": values}
        assert journal.sizes(FILES) == {f"{write.name}.files": files}
        assert journal.sizes() == journal.sizes(VALUES) | journal.sizes(FILES)
        assert journal.read({}, VALUES, complete=False).entries == [Param("p", "v")]
        assert len(journal.read({}, FILES, complete=False).entries) == 1

    def test_the_size(self, journal: Journal) -> None:
        """It says how many bytes its file has, which is what a delivery counts."""
        write = Writer(journal)
        for number in range(3):
            size = write.append(Param(f"p{number}", "v"))
            assert journal.sizes() == {own_file(write).name: size}

    def test_threads(self, journal: Journal) -> None:
        """Threads that write at once lose nothing, and no line is within another."""
        write = Writer(journal)

        def work(thread: int) -> None:
            for number in range(200):
                write.append(Metric(f"m{thread}", 1.0, number, number))
                if number % 50 == 0:
                    write.append(Text(f"{thread}-{number}.txt", f"{thread}-{number}"))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        entries, damaged = read_all(journal)
        assert not damaged
        steps: dict[str, list[int]] = {}
        for entry in entries:
            if isinstance(entry, Metric):
                steps.setdefault(entry.key, []).append(entry.step)
        assert steps == {f"m{thread}": list(range(200)) for thread in range(8)}
        files = [entry for entry in entries if isinstance(entry, File)]
        assert len(files) == 32
        assert all(text_of(file) == Path(file.path).stem for file in files)

    def test_same_name_twice(self, journal: Journal) -> None:
        """Two artifacts of one name are two copies."""
        write = Writer(journal)
        write.append(Text("a.txt", "first"))
        write.append(Text("a.txt", "second"))
        entries, _ = read_all(journal)
        assert [text_of(entry) for entry in entries] == ["first", "second"]

    def test_half_a_character(self, journal: Journal) -> None:
        """Text that no file can hold is written down all the same."""
        Writer(journal).append(Text("a.txt", "x\udcffy"))
        (entry,), _ = read_all(journal)
        assert text_of(entry) == "x\\udcffy"

    @needs_links
    def test_a_folder_with_a_dangling_link(self, journal: Journal, tmp_path: Path) -> None:
        """A link in a folder is followed, and one that leads nowhere is left out."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "a.txt").write_text("a")
        (tmp_path / "folder" / "link").symlink_to(tmp_path / "a.txt")
        (tmp_path / "folder" / "dangling").symlink_to(tmp_path / "missing")
        Writer(journal).append(File(str(tmp_path / "folder")))
        ((entry,), damaged) = read_all(journal)
        assert not damaged
        assert isinstance(entry, File)
        assert [path.name for path in Path(entry.path).iterdir()] == ["link"]
        assert (Path(entry.path) / "link").read_text() == "a"

    def test_the_project_itself(self, journal: Journal) -> None:
        """The project's root as an artifact is copied without the journal, that is: once."""
        root = journal.folder.parents[2]
        (root / "a.txt").write_text("a")
        Writer(journal).append(File(str(root)))
        (entry,), _ = read_all(journal)
        assert isinstance(entry, File)
        assert [path.name for path in Path(entry.path).iterdir()] == ["a.txt"]

    def test_an_artifact_that_is_missing(self, journal: Journal, tmp_path: Path) -> None:
        """An artifact that cannot be copied leaves neither a line nor a folder."""
        write = Writer(journal)
        with pytest.raises(FileNotFoundError):
            write.append(File(str(tmp_path / "missing.txt")))
        assert read_all(journal) == ([], [])
        assert list(journal.folder.glob(f"{COPIES}/*")) == []

    @pytest.mark.parametrize("first", [True, False])
    def test_the_run_is_over(self, journal: Journal, first: bool) -> None:
        """Once the journal is gone nothing is written, whether or not something was before."""
        write = Writer(journal)
        if not first:
            write.append(Param("a", "v"))
        journal.discard()
        with pytest.raises(FileNotFoundError):
            write.append(Param("b", "v"))
        assert not journal.folder.exists()

    def test_the_header_is_gone(self, journal: Journal) -> None:
        """Nor is it when only the header is gone: nobody would take the rest for a journal."""
        (journal.folder / HEADER).unlink()
        with pytest.raises(FileNotFoundError):
            Writer(journal).append(Param("b", "v"))
        assert journal.sizes() == {}

    @needs_full
    def test_a_full_disk(self, journal: Journal) -> None:
        """A full disk is an ``OSError``."""
        write = Writer(journal)
        own_file(write).symlink_to("/dev/full")
        with pytest.raises(OSError, match="No space left"):
            write.append(Param("a", "v"))

    def test_a_line_that_is_cut(self, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        """A line of which a full disk takes half does not take the next with it."""
        write = Writer(journal)
        write.append(Param("a", "v"))
        real = os.write
        monkeypatch.setattr(os, "write", lambda file, line: real(file, line[: len(line) // 2]))
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                write.append(Param("lost", "v"))
        monkeypatch.undo()
        write.append(Param("b", "v"))
        write.append(Param("c", "v"))
        entries, damaged = read_all(journal)
        assert entries == [Param(key, "v") for key in "abc"]
        assert damaged
        assert all(place.startswith(f"{own_file(write).name}, byte ") for place in damaged)

    def test_one_a_process(self, journal: Journal) -> None:
        """Each task of a process gets the same writer; another journal has another."""
        assert writer(journal) is writer(Journal(journal.folder))
        other = Journal.create(journal.folder.parent, header())
        assert writer(other) is not writer(journal)
        other.release()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_processes(self, journal: Journal, method: str) -> None:
        """Each process writes a file of its own, a forked one too."""
        if method not in multiprocessing.get_all_start_methods():
            pytest.skip(f"has no {method}")
        writer(journal).append(Param("main", "v"))
        context = multiprocessing.get_context(method)
        child = context.Process(target=write_param, args=(journal, "child"))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert len(journal.sizes()) == 2
        entries, damaged = read_all(journal)
        assert not damaged
        assert set(entries) == {Param("main", "v"), Param("child", "v")}
        own = own_file(writer(journal)).name
        (other,) = set(journal.sizes()) - {own}
        assert list(journal.entries(other)) == [Param("child", "v")]


def write_param(journal: Journal, key: str) -> None:
    """Write one parameter; in another process."""
    writer(journal).append(Param(key, "v"))


class TestRead:
    """Reading, while others write and after a crash."""

    def test_in_chunks(self, journal: Journal) -> None:
        """A long journal is read in several chunks, in order, each entry once."""
        write = Writer(journal)
        size = CHUNK_ENTRIES[VALUES]
        count = 2 * size + 7
        for number in range(count):
            write.append(Metric("m", 1.0, number, number))
        sizes = []
        steps: list[int] = []
        positions: dict[str, int] = {}
        while (chunk := journal.read(positions, VALUES, complete=False)).entries:
            sizes.append(len(chunk.entries))
            steps += [entry.step for entry in chunk.entries if isinstance(entry, Metric)]
            positions = chunk.positions
        assert sizes == [size, size, 7]
        assert steps == list(range(count))

    def test_several_files_in_chunks(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A chunk takes from several files, and never more than its size."""
        monkeypatch.setitem(entry_files.CHUNK_ENTRIES, VALUES, 5)
        for name in "abc":
            write = Writer(journal)
            for number in range(4):
                write.append(Param(f"{name}{number}", "v"))
        positions: dict[str, int] = {}
        found = []
        for expected in (5, 5, 2):
            chunk = journal.read(positions, VALUES, complete=False)
            assert len(chunk.entries) == expected
            positions = chunk.positions
            found += chunk.entries
        assert len(set(found)) == 12
        assert positions == journal.sizes()

    def test_what_others_wrote_in_chunks(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All of another process's entries are found, but for a damaged line among them."""
        monkeypatch.setitem(entry_files.CHUNK_ENTRIES, VALUES, 2)
        lines = [to_line(Param(f"p{number}", "v")) for number in range(5)]
        (journal.folder / "other.jsonl").write_bytes(b"".join([*lines[:2], b"#\n", *lines[2:]]))
        assert list(journal.entries("other.jsonl")) == [
            Param(f"p{number}", "v") for number in range(5)
        ]

    def test_nothing(self, journal: Journal) -> None:
        """A journal without entries has none; nor has one that is gone."""
        assert journal.read({}, VALUES, complete=True) == Chunk()
        journal.discard()
        assert journal.read({}, VALUES, complete=True) == Chunk()

    def test_a_line_that_is_being_written(self, journal: Journal) -> None:
        """A line without its end waits for the rest, as long as somebody may write it."""
        line = to_line(Param("a", "v"))
        path = journal.folder / "other.jsonl"
        path.write_bytes(line + line[:10])
        chunk = journal.read({}, VALUES, complete=False)
        assert (chunk.entries, chunk.damaged) == ([Param("a", "v")], [])
        assert chunk.positions == {"other.jsonl": len(line)}
        path.write_bytes(line + line)
        chunk = journal.read(chunk.positions, VALUES, complete=False)
        assert chunk.entries == [Param("a", "v")]

    def test_a_line_that_was_cut_by_a_crash(self, journal: Journal) -> None:
        """When nobody writes any more it is damaged, and said to be."""
        line = to_line(Param("a", "v"))
        (journal.folder / "other.jsonl").write_bytes(line + line[:10])
        entries, damaged = read_all(journal, complete=True)
        assert entries == [Param("a", "v")]
        assert damaged == [f"other.jsonl, byte {len(line)}"]

    def test_a_last_line_without_its_end(self, journal: Journal) -> None:
        """A last line that lacks nothing but its end is taken."""
        line = to_line(Param("a", "v"))
        (journal.folder / "other.jsonl").write_bytes(line.rstrip())
        assert read_all(journal, complete=True) == ([Param("a", "v")], [])

    def test_zeros(self, journal: Journal) -> None:
        """Zeros, which a file system may leave after a loss of power, cost that line alone."""
        line = to_line(Param("a", "v"))
        (journal.folder / "other.jsonl").write_bytes(line + b"\0" * 4096 + b"\n" + line)
        entries, damaged = read_all(journal)
        assert entries == [Param("a", "v")] * 2
        assert damaged == [f"other.jsonl, byte {len(line)}"]

    def test_empty_lines(self, journal: Journal) -> None:
        """Empty lines are nothing, and no damage."""
        line = to_line(Param("a", "v"))
        (journal.folder / "other.jsonl").write_bytes(b"\n\n" + line + b"\r\n\n")
        assert read_all(journal) == ([Param("a", "v")], [])


class TestFilesFromElsewhere:
    """A journal may come from another machine: it names no file outside of its folder."""

    def damaged(self, journal: Journal, path: str) -> bool:
        """Whether an entry that names a file is refused."""
        (journal.folder / "other.jsonl").write_bytes(to_line(File(path)))
        entries, damaged = read_all(journal)
        assert len(entries) + len(damaged) == 1
        return bool(damaged)

    @pytest.fixture(autouse=True)
    def _files(self, journal: Journal, tmp_path: Path) -> None:
        (tmp_path / "secret.txt").write_text("secret")
        (journal.folder / COPIES / "a").mkdir(parents=True)
        (journal.folder / COPIES / "a" / "b.txt").write_text("b")

    def test_a_file_inside(self, journal: Journal) -> None:
        """A file inside is taken, one that does not exist too: its delivery says so."""
        assert not self.damaged(journal, "a/b.txt")
        assert not self.damaged(journal, "a/missing.txt")

    def test_a_name_with_dots(self, journal: Journal) -> None:
        """Dots in a name do no harm."""
        assert not self.damaged(journal, "a/..b.txt..")

    @pytest.mark.parametrize(
        "path",
        [
            "../../etc/passwd",
            "/etc/passwd",
            "//etc/passwd",
            "a/../../run.json",
            "../files/a/b.txt",
            "a/../a/b.txt",
            "..",
            ".",
            "",
            "a/\0",
        ],
        ids=repr,
    )
    def test_a_path_that_leads_out(self, journal: Journal, path: str) -> None:
        """A path that leads out, or goes a round-about way, is refused."""
        assert self.damaged(journal, path)

    def test_an_absolute_path(self, journal: Journal, tmp_path: Path) -> None:
        """An absolute path is refused, whatever the machine's paths look like."""
        assert self.damaged(journal, str(tmp_path / "secret.txt"))
        assert self.damaged(journal, (tmp_path / "secret.txt").as_posix())

    @needs_links
    def test_links(self, journal: Journal, tmp_path: Path) -> None:
        """A link is refused: as the file, above it, and within the folder that is named."""
        files = journal.folder / COPIES
        (files / "a" / "link.txt").symlink_to(tmp_path / "secret.txt")
        (files / "up").symlink_to(tmp_path)
        assert self.damaged(journal, "a/link.txt")
        assert self.damaged(journal, "up/secret.txt")
        assert self.damaged(journal, "a")
        assert not self.damaged(journal, "a/b.txt")

    @needs_links
    def test_a_link_in_place_of_the_folder(self, journal: Journal, tmp_path: Path) -> None:
        """It is refused when the folder of all files is itself a link."""
        (journal.folder / COPIES).rename(journal.folder / "old")
        (journal.folder / COPIES).symlink_to(tmp_path)
        assert self.damaged(journal, "secret.txt")

    @needs_links
    def test_a_journal_behind_a_link(self, journal: Journal, tmp_path: Path) -> None:
        """A project that is itself reached by a link has its artifacts."""
        (tmp_path / "alias").symlink_to(tmp_path / "project")
        other = Journal(tmp_path / "alias" / journal.folder.relative_to(tmp_path / "project"))
        assert not self.damaged(other, "a/b.txt")


class TestRemoving:
    """What is delivered goes."""

    def test_a_delivered_artifact(self, journal: Journal) -> None:
        """The copy of a delivered artifact goes, and only that; a refused one waits for nobody."""
        write = Writer(journal)
        write.append(Text("a.txt", "a"))
        write.append(Text("b.txt", "b"))
        (first, second), _ = read_all(journal)
        assert isinstance(first, File)
        journal.copies.remove(first)
        assert not Path(first.path).exists()
        assert text_of(second) == "b"
        assert [path.name for path in journal.waiting_files()] == ["b.txt"]
        journal.set_aside = [SetAside(second, "refused", 5, 1)]
        assert journal.waiting_files() == []
        journal.copies.remove(first)  # a second time, as after a crash

    def test_discard(self, journal: Journal, parent: Path) -> None:
        """Nothing stays of a delivered journal, and to discard it again is no error."""
        journal.opened = OPENED_RUN
        Writer(journal).append(Text("a.txt", "a"))
        journal.discard()
        assert list(parent.iterdir()) == []
        journal.discard()
        assert not journal.exists()
        assert journal.waiting_files() == []
        assert journal.sizes() == {}
