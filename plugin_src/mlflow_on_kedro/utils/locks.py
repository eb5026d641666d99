"""Locks between processes: each is a file, and is released when the process that holds it ends."""

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
"""Seconds without a refresh after which a machine that held a lock is considered dead."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let only one process or thread at a time enter a block; ``path`` is the lock's own file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _connect(path, LOCK_SECONDS)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


class Hold:
    """A lock that is held until it is released or the process ends, even if it is killed.

    On some network file systems other machines do not see such locks. So the holder also writes its
    machine's name to a file beside the lock, and refreshes that file as long as it lives.

    Args:
        path: The lock's own file.

    Raises:
        BlockingIOError: Another process, or this one, holds the lock already.
        OSError: The file cannot be created.
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
        with contextlib.suppress(RuntimeError):  # Python 3.12 refuses while the process ends
            refresh.start()

    def release(self) -> None:
        """Release the lock."""
        self._released.set()
        if os.getpid() == self._pid:  # a forked child does not hold the lock
            with contextlib.suppress(OSError):
                self._machine.unlink(missing_ok=True)
        self._lock.close()

    def _refuse_other_machine(self) -> None:
        scratch = self._machine.with_name(f"{self._machine.name}.{secrets.token_hex(4)}")
        scratch.write_text(platform.node(), encoding="utf-8", errors="replace")
        try:
            # Both times come from the file system's clock, because clocks of machines may differ.
            age = scratch.stat().st_mtime - self._machine.stat().st_mtime
            other = self._machine.read_text(encoding="utf-8", errors="replace")
        except OSError:  # no machine has held the lock
            age, other = 0.0, platform.node()
        if other != platform.node() and age < STALE_SECONDS:
            scratch.unlink(missing_ok=True)
            raise BlockingIOError(f"{self._machine.stem} is held by the machine {other}")
        scratch.replace(self._machine)

    def _refresh(self) -> None:
        while not self._released.wait(REFRESH_SECONDS):
            try:
                os.utime(self._machine)
            except OSError:  # the folder was removed
                return


def _connect(path: Path, timeout: float) -> sqlite3.Connection:
    # A write transaction on a separate file is a lock between processes on every system on which
    # SQLite works. Unlike a plain lock file, it ends with the process.
    try:
        return sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: {error}") from None
