"""Locks between processes: each is a file of its own, and ends with the process that holds it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

LOCK_SECONDS = 300


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process or thread at a time into a block; ``path`` is a file for the lock alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _connect(path, LOCK_SECONDS)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


class Hold:
    """A lock that is held until it is released or the process ends, however it ends.

    Args:
        path: A file for the lock alone.

    Raises:
        BlockingIOError: Another process, or this one, holds it already.
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._lock = _connect(path, 0)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            self._lock.close()
            if "locked" in str(error):
                raise BlockingIOError(f"{path} is held") from None
            raise OSError(f"{path}: {error}") from None

    def release(self) -> None:
        """Let others have it."""
        self._lock.close()


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    # A write transaction on a file of its own is a lock between processes on every system that
    # SQLite itself works on; unlike that of a plain file lock, its end is the process's.
    try:
        return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: {error}") from None
