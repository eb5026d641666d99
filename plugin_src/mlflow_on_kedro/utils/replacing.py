"""Write files and folders completely or not at all, even if others write to the same path."""

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
"""Seconds to wait for a path that others use, because Windows cannot replace an open file."""
POLL_SECONDS = 0.05
_IN_USE: tuple[type[OSError], ...] = (PermissionError,) if os.name == "nt" else ()


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Make a temporary path with the same name, in a folder beside ``path``; remove it afterwards.

    Args:
        path: The path to which the file or folder will be moved in the end.

    Raises:
        OSError: Nothing can be written beside ``path``.

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
    """Set a file's time to the nanosecond, so that a changed file can be recognized by its time.

    The steps of file systems' own times are so long that two runs may save within one of them.
    """
    now = time.time_ns()
    os.utime(path, ns=(now, now))


def replace_file(own: Path, path: Path) -> None:
    """Move a file to a path, and replace a file there atomically.

    Args:
        own: The file.
        path: The path to move it to.

    Raises:
        OSError: The path cannot be written.
    """
    with contextlib.suppress(OSError):
        shutil.copymode(path, own)
    try:
        _patiently(lambda: own.replace(path), _IN_USE)
    except OSError as error:
        if error.errno not in {errno.EBUSY, errno.EXDEV}:  # then the file itself is a mount
            raise
        shutil.copyfile(own, path)


def write_text(path: Path, text: str) -> None:
    """Write a text file, completely or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    with beside(path) as own:
        own.write_text(text, encoding="utf-8")
        replace_file(own, path)


def replace_folder(own: Path, folder: Path) -> None:
    """Move a folder to a path, and remove a folder that is there.

    No system does this atomically: for a moment there is no folder, but never an incomplete one.

    Args:
        own: The folder, at a path from :func:`beside`.
        folder: The path to move it to.

    Raises:
        OSError: The path cannot be written.
    """
    old = own.with_name(f"{own.name}.old")

    def swap() -> None:
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        own.rename(folder)

    def make_room() -> None:
        if folder.exists():  # else `old` is all that is left of it
            shutil.rmtree(old, ignore_errors=True)

    try:
        _patiently(swap, (OSError,), make_room)
    except OSError:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise


def move(own: Path, path: Path) -> None:
    """Move a file or folder to a path where nothing is, on the same file system.

    Args:
        own: The file or folder.
        path: The path to move it to.

    Raises:
        OSError: It cannot be moved.
    """
    _patiently(lambda: own.rename(path), _IN_USE)


def _patiently(
    call: Callable[[], object],
    waits: tuple[type[OSError], ...],
    again: Callable[[], object] = lambda: None,
) -> None:
    """Call a function until it succeeds, because another process may use the path for a moment."""
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
    """Remove old temporary files of processes that were killed; checked once in each process."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{PREFIX}*"):
            if time.time() - left.stat().st_mtime > OLD_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
