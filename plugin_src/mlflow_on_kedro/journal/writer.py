"""Writing a journal: two files for each process, one a lane, a line for each entry."""

from __future__ import annotations

import errno
import functools
import os
import secrets
import shutil
import threading
import weakref
from dataclasses import replace
from pathlib import Path

from ..config.sections import MAX_COPY
from .entries import FILES, VALUES, Entry, File, Page, PageFile, Text, lane_of, to_line
from .folder import COPIES, FILES_SUFFIX, OWN, VALUES_SUFFIX, Journal
from .stash import stash


class _Stream:
    """One file of entries, appended to line by line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file: int | None = None
        self._torn = False

    @property
    def is_new(self) -> bool:
        return self._file is None

    def append(self, line: bytes) -> int:
        if self._file is None:
            flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0)
            self._file = os.open(self.path, flags, 0o600)
            weakref.finalize(self, os.close, self._file)
        if self._torn:
            line = b"\n" + line
        written = os.write(self._file, line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        state = os.fstat(self._file)
        if state.st_nlink == 0:  # it was removed, and what is written with it
            raise FileNotFoundError(self.path)
        self.size = state.st_size
        return self.size


class Writer:
    """Writes the entries of one process, a file for each lane; from any of its threads.

    Args:
        journal: The run's journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._streams = {
            VALUES: _Stream(journal.folder / f"{self.name}{VALUES_SUFFIX}"),
            FILES: _Stream(journal.folder / f"{self.name}{FILES_SUFFIX}"),
        }
        self._lock = threading.Lock()
        self._stashed = 0

    @property
    def sizes(self) -> dict[str, int]:
        """The names of the files that this process has written, and their sizes in bytes."""
        return {stream.path.name: stream.size for stream in self._streams.values() if stream.size}

    def append(self, entry: Entry) -> int:
        """Write an entry down; an artifact is copied, or linked where that is as good.

        Returns:
            The size of this process's file with the entry, in bytes.

        Raises:
            FileNotFoundError: The journal is gone, because the run has ended.
            OSError: The disk is full.
        """
        stream = self._streams[lane_of(entry)]
        new = stream.is_new or isinstance(entry, Text | File)
        if new and not self._journal.is_here():  # nobody would deliver it
            raise FileNotFoundError(stream.path)
        if isinstance(entry, Text | File):
            entry = self._stash(entry)
        line = to_line(entry)
        with self._lock:
            return stream.append(line)

    def _stash(self, entry: Text | File) -> File:
        with self._lock:
            self._stashed += 1
            place = f"{self.name}-{self._stashed}"
        target = self._journal.folder / COPIES / place
        try:
            if isinstance(entry, Text):
                return _write(entry, target, place)
            if self._is_own(entry) and _move(Path(entry.path), target):
                return replace(entry, path=f"{place}/{Path(entry.path).name}")
            # Not the working folder: it holds the copies.
            leave_out = self._journal.folder.parent.parent.name
            snapshot = stash(entry, target, self._max_copy, leave_out)
            if snapshot is not None:
                self._journal.note_snapshot(place, snapshot)
            return replace(entry, path=f"{place}/{Path(entry.path).name}")
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise

    def _is_own(self, entry: File) -> bool:
        """Whether the journal has the files already, where nodes' calls of MLflow put them."""
        return Path(entry.path).is_relative_to((self._journal.folder / OWN).absolute())

    @functools.cached_property
    def _max_copy(self) -> int:
        try:
            return self._journal.header.max_copy
        except (OSError, ValueError):  # the run is over, or it is damaged
            return MAX_COPY


def _write(entry: Text, target: Path, place: str) -> File:
    folder, _, name = entry.path.rpartition("/")
    target.mkdir(parents=True)
    # No file can hold half a character, as in a file name that is no UTF-8.
    (target / name).write_bytes(entry.content.encode("utf-8", "backslashreplace"))
    kind = PageFile if isinstance(entry, Page) else File
    return kind(f"{place}/{name}", folder)


def _move(source: Path, target: Path) -> bool:
    target.mkdir(parents=True)
    try:
        source.rename(target / source.name)
    except OSError:  # Windows: a file is open
        target.rmdir()
        return False
    return True


def writer(journal: Journal) -> Writer:
    """The writer of this process for a journal; each task of a worker asks for it anew."""
    return _writer(str(journal.folder), os.getpid())


@functools.lru_cache(maxsize=16)
def _writer(folder: str, pid: int) -> Writer:  # noqa: ARG001 - a fork has writers of its own
    return Writer(Journal(Path(folder)))
