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
from .entries import Entry, File, Page, PageFile, Text
from .entry_files import SUFFIXES
from .entry_lines import to_line
from .folder import OWN, Journal
from .stash import stash


class _Stream:
    """One file of entries, to which lines are appended."""

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
        if state.st_nlink == 0:  # the file was removed, and the line with it
            raise FileNotFoundError(self.path)
        self.size = state.st_size
        return self.size


class Writer:
    """Writes the entries of one process, one file a lane; any thread may use it.

    Args:
        journal: The run's journal.
        prefix: What the names of its files begin with.
    """

    def __init__(self, journal: Journal, prefix: str = "") -> None:
        self._journal = journal
        self.name = f"{prefix}{os.getpid()}-{secrets.token_hex(4)}"
        self._streams = {
            lane: _Stream(journal.folder / f"{self.name}{suffix}")
            for lane, suffix in SUFFIXES.items()
        }
        self._lock = threading.Lock()
        self._copied = 0

    def append(self, entry: Entry) -> int:
        """Write an entry; an artifact is copied, or linked where a link is as safe.

        Returns:
            The size of this process's file with the entry, in bytes.

        Raises:
            FileNotFoundError: The journal was removed, because the run has ended.
            OSError: The disk is full.
        """
        stream = self._streams[entry.lane]
        is_copied = isinstance(entry, Text | File)
        if (stream.is_new or is_copied) and not self._journal.exists():
            raise FileNotFoundError(stream.path)  # no process would deliver it
        if isinstance(entry, Text | File):
            entry = self._copy(entry)
        line = to_line(entry)
        with self._lock:
            return stream.append(line)

    def _copy(self, entry: Text | File) -> File:
        with self._lock:
            self._copied += 1
            name = f"{self.name}-{self._copied}"
        target = self._journal.copies.folder / name
        try:
            if isinstance(entry, Text):
                return _write_text(entry, target)
            if self._is_own(entry) and _move(Path(entry.path), target):
                return replace(entry, path=f"{name}/{Path(entry.path).name}")
            # The working folder is left out, since it holds the copies.
            leave_out = self._journal.folder.parent.parent.name
            snapshot = stash(entry, target, self._max_copy, leave_out)
            if snapshot is not None:
                self._journal.copies.write_snapshot(name, snapshot)
            return replace(entry, path=f"{name}/{Path(entry.path).name}")
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise

    def _is_own(self, entry: File) -> bool:
        """Return whether the files are already in the journal, from nodes' calls of MLflow."""
        return Path(entry.path).is_relative_to((self._journal.folder / OWN).absolute())

    @functools.cached_property
    def _max_copy(self) -> int:
        try:
            return self._journal.header.max_copy
        except (OSError, ValueError):  # the run is over, or the header is damaged
            return MAX_COPY


def _write_text(entry: Text, target: Path) -> File:
    folder, _, name = entry.path.rpartition("/")
    target.mkdir(parents=True)
    # Files hold no lone surrogates, which names of files that are no UTF-8 have.
    (target / name).write_bytes(entry.content.encode("utf-8", "backslashreplace"))
    kind = PageFile if isinstance(entry, Page) else File
    return kind(f"{target.name}/{name}", folder)


def _move(source: Path, target: Path) -> bool:
    target.mkdir(parents=True)
    try:
        source.rename(target / source.name)
    except OSError:  # Windows: a file is open
        target.rmdir()
        return False
    return True


def writer(journal: Journal) -> Writer:
    """Return this process's writer for a journal, the same one for each task of a worker."""
    return _writer(str(journal.folder), os.getpid())


@functools.lru_cache(maxsize=16)
def _writer(folder: str, pid: int) -> Writer:  # noqa: ARG001 - a fork has writers of its own
    return Writer(Journal(Path(folder)))
