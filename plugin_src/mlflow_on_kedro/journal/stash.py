"""Taking an artifact into a journal: a copy, a link where one is as good, or where it lies."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .entries import File, Model, Trace
from .snapshot import Snapshot, files_below

LINK_BYTES = 16_000_000
"""A file below this size is copied, which takes no time and is never wrong."""
_FICLONE = 0x40049409
"""A copy that shares the disk's blocks: https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html"""


def stash(entry: File, target: Path, max_copy: int, leave_out: str) -> Snapshot | None:
    """Take the file or folder of an entry into a folder of the journal.

    Args:
        entry: The entry. With a snapshot, its files are this process's own, and are never written
            to again, only replaced: they may be linked.
        target: The folder to make.
        max_copy: How many bytes may be copied. Models and traces are kept whole, whatever it takes.
        leave_out: The name of folders that are no part of an artifact.

    Returns:
        What others may still write to: hard links, or the files where they lie if they are too
        large; None if all is copied.

    Raises:
        OSError: It cannot be read, or the disk is full.
    """
    path = Path(entry.path)
    is_own = entry.snapshot is not None
    sizes = {name: (path / name).stat().st_size for name in files_below(path, leave_out)}
    is_large = sum(sizes.values()) > max_copy and not isinstance(entry, Model | Trace)
    ways = (_clone, _link) if is_own else (_clone,)
    if is_large and not _is_possible(ways, path / max(sizes, key=sizes.__getitem__), target):
        target.mkdir(parents=True)
        return entry.snapshot or Snapshot.of(path, path.absolute(), only=sizes)
    place = target / path.name
    linked: list[str] = []

    def take(source: str, copied: str) -> None:
        if _take(Path(source), Path(copied), may_link=is_own):
            linked.append(
                "" if Path(copied) == place else Path(copied).relative_to(place).as_posix()
            )

    if path.is_dir():
        shutil.copytree(
            path,
            place,
            # Or the copy would be copied, too, when the folder is the project's root.
            ignore=shutil.ignore_patterns(leave_out),
            copy_function=take,
            ignore_dangling_symlinks=True,
        )
    else:
        target.mkdir(parents=True)
        take(str(path), str(place))
    return Snapshot.of(place, only=linked) if linked else None


def _take(source: Path, target: Path, *, may_link: bool) -> bool:
    """Copy a file as cheaply as the file system can; return whether it is a hard link."""
    if source.stat().st_size >= LINK_BYTES:
        if _clone(source, target):
            shutil.copystat(source, target)
            return False
        if may_link and _link(source, target):
            return True
    shutil.copy2(source, target)
    return False


def _is_possible(ways: Iterable[Callable[[Path, Path], bool]], file: Path, target: Path) -> bool:
    probe = target.with_name(f"{target.name}.probe")
    probe.parent.mkdir(parents=True, exist_ok=True)
    try:
        return any(way(file, probe) for way in ways)
    finally:
        probe.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> bool:
    # Windows replaces no file that is open under another name, as it is during an upload.
    if os.name == "nt" or source.is_symlink():
        return False
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        return False
    return True


def _clone(source: Path, target: Path) -> bool:
    """Copy a file so that both share the disk's blocks until one of them is written to."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    with source.open("rb") as read, target.open("wb") as written:
        try:
            fcntl.ioctl(written, _FICLONE, read.fileno())
        except OSError:  # the file system cannot
            target.unlink()
            return False
    return True
