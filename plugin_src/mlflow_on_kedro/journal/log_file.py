"""What a run's processes have logged and printed, on disk: ``log/`` in its journal.

Each process appends to files of its own, whose first and last megabytes are kept::

    log/4711-3f9c2a10.0      the first megabytes
    log/4711-3f9c2a10.7      the last ones, in up to three parts
    log/4711-3f9c2a10.8
    log/4711-3f9c2a10.9
"""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from pathlib import Path

FOLDER = "log"
LIMIT = 10_000_000
"""The most bytes of a run's log."""
_HEAD = LIMIT // 2
_PART = LIMIT // 4
_KEPT_PARTS = 3


class LogFile:
    """Appends to the log of this process; any thread may use it, and forks have files of their own.

    A line is on disk when :meth:`write` returns, also if the process is killed then.

    Args:
        folder: The folder, which is created.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begin_process()
        _log_files.add(self)

    def _begin_process(self) -> None:
        self._lock = threading.RLock()
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._number = self._size = 0
        self._file: int | None = None

    def write(self, text: str) -> None:
        """Append lines.

        Raises:
            OSError: The disk is full, or the journal was removed because the run is over.
        """
        content = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._file is None or self._size >= (_PART if self._number else _HEAD):
                self._open_part()
            if self._file is not None:
                self._size += os.write(self._file, content)

    def _open_part(self) -> None:
        if self._file is None:
            self._folder.mkdir(exist_ok=True)
        else:
            os.close(self._file)
            self._file = None
            self._number += 1
        flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        self._file = os.open(self._part(self._number), flags, 0o600)
        self._size = 0
        if self._number > _KEPT_PARTS:
            self._part(self._number - _KEPT_PARTS).unlink(missing_ok=True)

    def _part(self, number: int) -> Path:
        return self._folder / f"{self._name}.{number}"

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def begin_again_in_fork(self) -> None:
        """Have a process that was just forked write to a file of its own."""
        if self._file is not None:
            os.close(self._file)
        self._begin_process()


_log_files: weakref.WeakSet[LogFile] = weakref.WeakSet()


def _after_fork() -> None:
    for file in list(_log_files):
        file.begin_again_in_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
