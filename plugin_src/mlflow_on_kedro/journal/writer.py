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

from .entries import FILES, VALUES, Entry, File, Page, PageFile, Text, lane_of, to_line
from .folder import COPIES, FILES_SUFFIX, VALUES_SUFFIX, Journal


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
        """Write an entry down; an artifact is copied.

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
            return self._copy(entry, target, place)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise

    def _copy(self, entry: Text | File, target: Path, place: str) -> File:
        if isinstance(entry, Text):
            folder, _, name = entry.path.rpartition("/")
            target.mkdir(parents=True)
            # No file can hold half a character, as in a file name that is no UTF-8.
            content = entry.content.encode("utf-8", "backslashreplace")
            (target / name).write_bytes(content)
            kind = PageFile if isinstance(entry, Page) else File
            return kind(f"{place}/{name}", folder)
        path = Path(entry.path)
        if path.is_dir():
            shutil.copytree(
                path,
                target / path.name,
                # Or the copy would be copied, too, when the folder is the project's root.
                ignore=shutil.ignore_patterns(self._journal.folder.parent.parent.name),
                ignore_dangling_symlinks=True,
            )
        else:
            target.mkdir(parents=True)
            shutil.copy2(path, target / path.name)
        return replace(entry, path=f"{place}/{path.name}")


def writer(journal: Journal) -> Writer:
    """The writer of this process for a journal; each task of a worker asks for it anew."""
    return _writer(str(journal.folder), os.getpid())


@functools.lru_cache(maxsize=16)
def _writer(folder: str, pid: int) -> Writer:  # noqa: ARG001 - a fork has writers of its own
    return Writer(Journal(Path(folder)))
