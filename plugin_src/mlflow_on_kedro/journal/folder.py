"""The journal of a run: what it has to say, on local disk before it is delivered.

Each run has a folder below ``.mlflow_on_kedro/journal`` of its project:

========================  =========================================================================
``run.json``              what the run is: see :class:`~.records.Header`
``mlflow.json``           the run in MLflow, once it is there: see :class:`~.records.Opened`
``<process>.jsonl``       values (parameters, metrics, tags, ...), one a line, one file a process
``<process>.files``       artifacts and models, likewise
``files/``                artifacts, as they were when they were logged
``files/<name>.json``     what others may still write to of one: see :class:`~.snapshot.Snapshot`
``delivered.json``        how many bytes of each of these files are in MLflow
``set_aside.json``        entries that were refused: see :class:`~.records.SetAside`
``trouble.json``          why a whole lane waits: see :class:`~.records.Trouble`
``asked``                 there once a server was asked to create the run
``ended``                 how the run has ended in MLflow, once it has
``failing``               there while MLflow does not answer
``alive``                 its time is the last at which the pipeline is known to have run
``own/``                  what nodes gave MLflow itself while it did not answer
``children/``             a journal each: runs that nodes began meanwhile, and of ``run.children``
``lock``, ``sender.lock`` held by the pipeline's process, and by what delivers
========================  =========================================================================

The folder is removed once all is delivered. It holds no credentials.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, get_origin, get_type_hints

from ..utils.locks import Hold
from .entries import FILES, VALUES, Entry, File, from_line, line_start, to_line
from .records import FORMAT, Chunk, Header, Opened, SetAside, Trouble
from .snapshot import Snapshot

EntryT = TypeVar("EntryT", bound=Entry)

HEADER = "run.json"
OPENED = "mlflow.json"
DELIVERED = "delivered.json"
SET_ASIDE = "set_aside.json"
TROUBLE = "trouble.json"
COPIES = "files"
VALUES_SUFFIX, FILES_SUFFIX = ".jsonl", ".files"
FAILING = "failing"
ALIVE = "alive"
ASKED = "asked"
ENDED = "ended"
OWN = "own"
CHILDREN = "children"
LOCK = "lock"
SENDER_LOCK = "sender.lock"
CHUNK_ENTRIES = {VALUES: 10_000, FILES: 64}
"""How many entries of a lane are read at once."""
LAST_MS = 250_000_000_000_000  # in the year 9892: what follows is no date to Python
_ID = re.compile(r"[0-9a-f]{24}")
FOLDER = "journal"
"""Below a project's working folder: one folder a run."""


def new_id() -> str:
    """A name for a journal that no other has."""
    return secrets.token_hex(12)


def is_id(text: str) -> bool:
    """Whether a text is the name of a journal, and no path to anything else."""
    return _ID.fullmatch(text) is not None


class Journal:
    """One run's folder.

    Args:
        folder: The folder, which :meth:`create` makes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._header_file = str(folder / HEADER)
        self._holds: dict[str, Hold] = {}

    @classmethod
    def create(cls, parent: Path, header: Header) -> Journal:
        """Make the folder of a run that begins.

        Raises:
            OSError: The disk is full or read-only.
        """
        journal = cls(parent / header.journal)
        journal.folder.mkdir(parents=True)
        try:
            journal._begin(header)
        except OSError:
            journal.release()
            shutil.rmtree(journal.folder, ignore_errors=True)
            raise
        ignore = parent.parent / ".gitignore"
        with contextlib.suppress(OSError):
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        return journal

    def _begin(self, header: Header) -> None:
        scratch = self.folder / f"{HEADER}.new"
        scratch.write_text(json.dumps(asdict(header)), encoding="utf-8")
        self.hold()  # before there is a header, by which others find the journal
        scratch.replace(self.folder / HEADER)

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "_header_file": self._header_file, "_holds": {}}

    def hold(self) -> None:
        """Take the journal of a run that begins, or that is over: until :meth:`release`.

        Raises:
            BlockingIOError: Its run is in progress, or somebody delivers it.
        """
        self._holds[LOCK] = Hold(self.folder / LOCK)

    def hold_sender(self) -> None:
        """Become the one that delivers it: until :meth:`release` or the process's end.

        A pipeline's process may have ended while the process that sends for it goes on.

        Raises:
            BlockingIOError: Somebody delivers it.
        """
        self._holds[SENDER_LOCK] = Hold(self.folder / SENDER_LOCK)

    def release(self) -> None:
        """Leave it to others."""
        while self._holds:
            self._holds.popitem()[1].release()

    @functools.cached_property
    def header(self) -> Header:
        """What the run is.

        Raises:
            ValueError: The file is damaged.
            OSError: It cannot be read.
        """
        content = self._read(HEADER)
        version = content.get("format", FORMAT)
        if isinstance(version, int) and version > FORMAT:  # first: it may have other fields
            raise ValueError(f"{self.folder} was written by a newer version of this plugin.")
        for name, kind in get_type_hints(Header).items():
            if name in content and not _is_of(kind, content[name]):
                raise ValueError(f"{self.folder / HEADER} is damaged: '{name}'.")
        try:
            header = Header(**content)
        except TypeError as error:
            raise ValueError(f"{self.folder / HEADER} is damaged: {error}") from None
        if not 0 <= header.start_ms < LAST_MS:
            raise ValueError(f"{self.folder / HEADER} is damaged: 'start_ms'.")
        return header

    def is_here(self) -> bool:
        """Whether this machine has the folder."""
        return os.path.isfile(self._header_file)  # noqa: PTH113 - asked for each entry

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        try:
            return Opened(**self._read(OPENED))
        except (OSError, ValueError, TypeError):
            return None

    @opened.setter
    def opened(self, found: Opened) -> None:
        self._write(OPENED, asdict(found))

    @property
    def delivered(self) -> dict[str, int]:
        """How many bytes of each file are delivered."""
        try:
            found = self._read(DELIVERED)
        except (OSError, ValueError):
            return {}
        return {name: count for name, count in found.items() if isinstance(count, int)}

    @delivered.setter
    def delivered(self, positions: dict[str, int]) -> None:
        self._write(DELIVERED, positions)

    @property
    def set_aside(self) -> list[SetAside]:
        """The entries that were refused, in the order in which they were.

        What is damaged of them is left out.
        """
        found = []
        for row in self._rows_aside():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = self._placed(from_line(json.dumps(row["entry"]).encode()))
                times = int(row["time"]), int(row["tries"])
                found.append(SetAside(entry, str(row["reason"]), *times, bool(row["may_pass"])))
        return found

    @set_aside.setter
    def set_aside(self, items: Sequence[SetAside]) -> None:
        if not items:
            (self.folder / SET_ASIDE).unlink(missing_ok=True)
            return
        rows = [
            {**vars(item), "entry": json.loads(to_line(self._relative(item.entry)))}
            for item in items
        ]
        self._write(SET_ASIDE, {"entries": rows})

    def count_set_aside(self) -> tuple[int, int]:
        """How many entries were refused, and for how many of them the answer may pass."""
        rows = self._rows_aside()
        return len(rows), sum(bool(row.get("may_pass")) for row in rows)

    def _rows_aside(self) -> list[dict[str, Any]]:
        try:
            rows = self._read(SET_ASIDE)["entries"]
        except (OSError, ValueError, KeyError):
            return []
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    @property
    def trouble(self) -> dict[str, Trouble]:
        """Why lanes wait, by their names."""
        found = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            for lane, row in self._read(TROUBLE).items():
                found[lane] = Trouble(str(row["reason"]), int(row["time"]))
        return found

    def note_trouble(self, lane: str, trouble: Trouble | None) -> None:
        """Note why a lane waits, or that it does no longer."""
        noted = self.trouble
        if trouble is None and lane not in noted:
            return
        rows = {name: vars(item) for name, item in noted.items() if name != lane}
        if trouble is not None:
            rows[lane] = vars(trouble)
        with contextlib.suppress(OSError):
            self._write(TROUBLE, rows)

    @property
    def was_asked(self) -> bool:
        """Whether a server was asked to create the run: it may have, and not have answered."""
        return (self.folder / ASKED).exists()

    def note_asked(self) -> None:
        """Note that a server is asked to create the run."""
        with contextlib.suppress(OSError):
            (self.folder / ASKED).touch()

    @property
    def ended(self) -> str | None:
        """How the run has ended in MLflow; None: it has not, as far as is known."""
        try:
            return (self.folder / ENDED).read_text(encoding="ascii") or None
        except (OSError, ValueError):
            return None

    @ended.setter
    def ended(self, status: str | None) -> None:
        with contextlib.suppress(OSError):
            if status is None:
                (self.folder / ENDED).unlink(missing_ok=True)
            else:
                (self.folder / ENDED).write_text(status, encoding="ascii")

    @property
    def is_failing(self) -> bool:
        """Whether MLflow does not answer at present, as the pipeline's journal says."""
        if self.folder.parent.name == CHILDREN:
            return Journal(self.folder.parent.parent).is_failing
        return (self.folder / FAILING).exists()

    @is_failing.setter
    def is_failing(self, failing: bool) -> None:
        with contextlib.suppress(OSError):
            if failing:
                (self.folder / FAILING).touch()
            else:
                (self.folder / FAILING).unlink(missing_ok=True)

    def note_alive(self) -> None:
        """Note that the pipeline runs at this moment, for a process that dies without a word."""
        with contextlib.suppress(OSError):
            (self.folder / ALIVE).touch()

    def last_alive_ms(self) -> int:
        """When the pipeline is last known to have run, in milliseconds since the epoch; else 0."""
        files = [*(self.folder / name for name in self.sizes()), *self.folder.glob(ALIVE)]
        return max((path.stat().st_mtime_ns // 1_000_000 for path in files), default=0)

    def sizes(self, lane: str | None = None) -> dict[str, int]:
        """How many bytes each process has written, in one lane or in both."""
        return {
            path.name: path.stat().st_size
            for name, suffix in ((VALUES, VALUES_SUFFIX), (FILES, FILES_SUFFIX))
            if lane in (None, name)
            for path in sorted(self.folder.glob(f"*{suffix}"))
        }

    def entries(self, name: str) -> Iterator[Entry]:
        """All that is in one file, but for what is damaged."""
        position: dict[str, int] = {}
        while True:
            chunk = Chunk(positions=position)
            self._read_lines(name, CHUNK_ENTRIES[VALUES], chunk, complete=False)
            if not (chunk.entries or chunk.damaged):
                return
            yield from chunk.entries
            position = chunk.positions

    def entries_of(self, name: str, kind: type[EntryT]) -> Iterator[EntryT]:
        """All entries of one kind that are in one file; no others are read."""
        start = line_start(kind)
        with (self.folder / name).open("rb") as file:
            for line in file:
                if line.startswith(start):
                    with contextlib.suppress(ValueError):
                        entry = from_line(line)
                        if isinstance(entry, kind):
                            yield entry

    def read(self, positions: Mapping[str, int], lane: str, *, complete: bool) -> Chunk:
        """Read what comes after the given positions, not all at once.

        Args:
            positions: How far each file was read.
            lane: Which entries.
            complete: Nobody writes any more: a last line without an end is damaged, too.

        Returns:
            Some entries, and the positions after them of the files that were read.
        """
        chunk = Chunk(positions={})
        for name, size in self.sizes(lane).items():
            begin = chunk.positions[name] = positions.get(name, 0)
            room = CHUNK_ENTRIES[lane] - len(chunk.entries)
            if begin < size and room > 0:
                self._read_lines(name, room, chunk, complete=complete)
        return chunk

    def _read_lines(self, name: str, room: int, chunk: Chunk, *, complete: bool) -> None:
        position = chunk.positions.get(name, 0)
        with (self.folder / name).open("rb") as file:
            file.seek(position)
            for line in file:
                if room == 0 or not (complete or line.endswith(b"\n")):
                    break
                if line.strip():
                    try:
                        chunk.entries.append(self._placed(from_line(line)))
                    except ValueError:
                        chunk.damaged.append(f"{name}, byte {position}")
                    room -= 1
                position += len(line)
        chunk.positions[name] = position

    def _placed(self, entry: Entry) -> Entry:
        if not isinstance(entry, File):
            return entry
        # A journal may come from elsewhere: it must not name files outside of its folder. It has
        # copies of what links lead to, so no link in it is its own.
        parts = PurePosixPath(entry.path).parts
        files = self.folder.resolve() / COPIES
        path, place = self.folder.joinpath(COPIES, *parts), files.joinpath(*parts)
        odd = not parts or ".." in parts or "\0" in entry.path
        if odd or not place.is_relative_to(files) or path.resolve() != place:
            raise ValueError("a file outside of the journal")
        if any(item.is_symlink() for item in path.rglob("*")):
            raise ValueError("a link in the journal")
        return replace(entry, path=str(path), snapshot=self._snapshot(parts[0]))

    def note_snapshot(self, name: str, snapshot: Snapshot) -> None:
        """Note what others may still write to of an artifact, by its name among the copies.

        Raises:
            OSError: The disk is full.
        """
        self._write(f"{COPIES}/{name}.json", json.loads(snapshot.to_text()))

    def _snapshot(self, name: str) -> Snapshot | None:
        try:
            text = (self.folder / COPIES / f"{name}.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(str(error)) from error
        return Snapshot.from_text(text)

    def _relative(self, entry: Entry) -> Entry:
        if not isinstance(entry, File):
            return entry
        return replace(entry, path=Path(entry.path).relative_to(self.folder / COPIES).as_posix())

    def newest_file(self, is_meant: Callable[[File], bool]) -> File | None:
        """The last of some artifacts that is not delivered yet; None if there is none."""
        found = None
        for name in self.sizes(FILES):
            for entry in self.entries(name):
                if isinstance(entry, File) and is_meant(entry) and entry.source.exists():
                    found = entry
        return found

    def forget_file(self, entry: File) -> None:
        """Remove the copy of an artifact that is delivered."""
        first = Path(entry.path).relative_to(self.folder / COPIES).parts[0]
        shutil.rmtree(self.folder / COPIES / first, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.folder / COPIES / f"{first}.json").unlink(missing_ok=True)

    def waiting_files(self) -> list[Path]:
        """The files of artifacts that wait to be delivered, without those that were refused."""
        copies = self.folder / COPIES
        entries = [row.get("entry") for row in self._rows_aside()]
        refused = {
            str(entry["path"]).partition("/")[0]
            for entry in entries
            if isinstance(entry, dict) and "path" in entry
        }
        found = [path for path in (self.folder / OWN).rglob("*") if path.is_file()]
        for path in copies.rglob("*"):
            place = path.relative_to(copies).parts
            if place[0].removesuffix(".json") in refused or not path.is_file():
                continue
            if len(place) > 1:
                found.append(path)
            else:
                found += _originals(path)
        return found

    def children(self) -> list[Journal]:
        """The journals of the runs that nodes began while MLflow did not answer, parents first."""
        found = [Journal(path.parent) for path in self.folder.glob(f"{CHILDREN}/*/{HEADER}")]
        return sorted(
            found, key=lambda item: (item.header.start_ms, item.folder.stat().st_ctime_ns)
        )

    def discard(self) -> None:
        """Remove the folder: all is delivered."""
        # The header goes first: without it nobody takes the rest for a journal.
        for name in (HEADER, OPENED):
            (self.folder / name).unlink(missing_ok=True)
        self.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name: str) -> dict[str, Any]:
        content = json.loads((self.folder / name).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"{self.folder / name} is damaged.")  # noqa: TRY004 - as above
        return content

    def _write(self, name: str, content: dict[str, Any]) -> None:
        # Whole or not at all: it may be read, or the process killed, at any moment.
        scratch = self.folder / f"{name}.{os.getpid()}-{threading.get_ident()}"
        scratch.write_text(json.dumps(content), encoding="utf-8")
        try:
            scratch.replace(self.folder / name)
        except PermissionError:  # Windows: somebody reads it just now
            scratch.unlink(missing_ok=True)
            if not (self.folder / name).exists():
                raise


def _originals(noted: Path) -> list[Path]:
    """The files that are too large to be copied, as far as they are still there."""
    try:
        snapshot = Snapshot.from_text(noted.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # it is delivered meanwhile, or damaged
        return []
    files = [Path(snapshot.original, name) for name, _, _ in snapshot.files if snapshot.original]
    return [file for file in files if file.is_file()]


def _is_of(kind: Any, value: Any) -> bool:
    container = get_origin(kind)
    if container not in (dict, list):
        return isinstance(value, kind)
    if not isinstance(value, container):
        return False
    items = value.values() if isinstance(value, dict) else value
    return all(isinstance(item, str) for item in items)
