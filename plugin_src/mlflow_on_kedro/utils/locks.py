"""Locks between processes: each is a file of its own, and ends with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

LOCK_SECONDS = 300
REFRESH_SECONDS = 5.0
STALE_SECONDS = 20.0
"""After so long without a refresh, a machine that held a lock is taken for dead."""


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

    Some network file systems keep such locks to the machine that takes them. So the holder also
    leaves its machine's name beside the lock and refreshes it as long as it lives.

    Args:
        path: A file for the lock alone.

    Raises:
        BlockingIOError: Another process, or this one, holds it already.
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._lock = _connect(path, 0)
        self._machine = path.with_name(path.name + ".machine")
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
            self._refuse_other_machine()
        except sqlite3.DatabaseError as error:
            self._lock.close()
            if "locked" in str(error):
                raise BlockingIOError(f"{path} is held") from None
            raise OSError(f"{path}: {error}") from None
        except OSError:
            self._lock.close()
            raise
        self._pid = os.getpid()
        self._released = threading.Event()
        refresh = threading.Thread(target=self._refresh, name=f"{path.name} refresh", daemon=True)
        with contextlib.suppress(RuntimeError):  # Python 3.12 starts none when the process ends
            refresh.start()

    def release(self) -> None:
        """Let others have it."""
        self._released.set()
        if os.getpid() == self._pid:  # a forked child has no part in it
            with contextlib.suppress(OSError):
                self._machine.unlink(missing_ok=True)
        self._lock.close()

    def _refuse_other_machine(self) -> None:
        scratch = self._machine.with_name(f"{self._machine.name}.{secrets.token_hex(4)}")
        scratch.write_text(platform.node(), encoding="utf-8", errors="replace")
        try:
            # Both times are of the file system's clock: those of two machines may differ.
            age = scratch.stat().st_mtime - self._machine.stat().st_mtime
            other = self._machine.read_text(encoding="utf-8", errors="replace")
        except OSError:  # nobody's
            age, other = 0.0, platform.node()
        if other != platform.node() and age < STALE_SECONDS:
            scratch.unlink(missing_ok=True)
            raise BlockingIOError(f"{self._machine.stem} is held by the machine {other}")
        scratch.replace(self._machine)

    def _refresh(self) -> None:
        while not self._released.wait(REFRESH_SECONDS):
            try:
                os.utime(self._machine)
            except OSError:  # the folder is removed
                return


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    # A write transaction on a file of its own is a lock between processes on every system that
    # SQLite itself works on; unlike that of a plain file lock, its end is the process's.
    try:
        return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: {error}") from None
