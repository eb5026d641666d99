"""Files and folders that appear whole or not at all, whoever else writes to the same place."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PREFIX = ".saving-"
OLD_SECONDS = 24 * 3600.0
PATIENCE_SECONDS = 10.0
"""How long a place is waited for that others use: Windows replaces nothing that is open."""
POLL_SECONDS = 0.05
_IN_USE: tuple[type[OSError], ...] = (PermissionError,) if os.name == "nt" else ()


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Give a place for nobody else, of the same name and on the same disk; removed afterwards.

    Args:
        path: Where a file or folder will lie in the end.

    Raises:
        OSError: Nothing can be written there.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with beside(folder / "a.txt") as own:
        ...     _ = own.write_text("whole")
        ...     replace_file(own, folder / "a.txt")
        >>> (folder / "a.txt").read_text(), len(list(folder.iterdir()))
        ('whole', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path.parent)
    scratch = tempfile.mkdtemp(prefix=PREFIX, dir=path.parent)
    try:
        yield Path(scratch) / path.name
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def stamp(path: Path) -> None:
    """Give a file a time of its own, to the nanosecond, by which its content is known again.

    File systems note the time in steps in which two runs can save values of one length.
    """
    now = time.time_ns()
    os.utime(path, ns=(now, now))


def replace_file(own: Path, path: Path) -> None:
    """Move a file to where another may be, at once.

    Args:
        own: The file.
        path: Where it goes to.

    Raises:
        OSError: It cannot be written there.
    """
    with contextlib.suppress(OSError):
        shutil.copymode(path, own)
    try:
        _patiently(lambda: own.replace(path), _IN_USE)
    except OSError as error:
        if error.errno not in {errno.EBUSY, errno.EXDEV}:  # a file that is mounted by itself
            raise
        shutil.copyfile(own, path)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    with beside(path) as own:
        own.write_text(text, encoding="utf-8")
        replace_file(own, path)


def replace_folder(own: Path, folder: Path) -> None:
    """Move a folder to where another may be; that one is removed.

    No system does so at once. Who looks in between finds no folder, and never a part of one.

    Args:
        own: The folder, in a place that :func:`beside` has given.
        folder: Where it goes to.

    Raises:
        OSError: It cannot be written there.
    """
    old = own.with_name(f"{own.name}.old")

    def swap() -> None:
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        own.rename(folder)

    try:
        _patiently(swap, (OSError,), lambda: shutil.rmtree(old, ignore_errors=True))
    except OSError:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise


def _patiently(
    call: Callable[[], object],
    waits: tuple[type[OSError], ...],
    again: Callable[[], object] = lambda: None,
) -> None:
    """Call until it succeeds, as another process may use the same place for a moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            call()
        except waits:
            if time.monotonic() >= deadline:
                raise
        else:
            return
        again()
        time.sleep(POLL_SECONDS)


@functools.lru_cache(maxsize=256)
def _remove_leftovers(folder: Path) -> None:
    """Remove what processes have left that were killed; once a process looks for it."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{PREFIX}*"):
            if time.time() - left.stat().st_mtime > OLD_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
