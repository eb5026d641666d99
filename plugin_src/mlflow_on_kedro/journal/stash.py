"""Copying an artifact into a journal, or linking it where a link is as safe."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .entries import File
from .hadoop_marks import is_mark
from .snapshot import LargeFileError, Snapshot, files_below

LINK_BYTES = 16_000_000
"""A file below this size is copied: it takes no time and is always safe."""
_FICLONE = 0x40049409
"""Copies a file by sharing the disk's blocks: https://man7.org/linux/man-pages/man2/ioctl_ficlone.2.html"""


def stash(entry: File, target: Path, max_copy: int, leave_out: str) -> Snapshot | None:
    """Copy the file or folder of an entry into a folder of the journal.

    Args:
        entry: The entry. If it has a snapshot that is final, no process writes to its files again,
            they are only replaced: they may be linked.
        target: The folder to create.
        max_copy: How many bytes may be copied, if the entry may stay in place.
        leave_out: The name of folders that are not part of any artifact.

    Returns:
        The state of files that others may still change: hard links, or files that are too large and
        stay in place; None if all are copied.

    Raises:
        OSError: It cannot be read, or the disk is full.
        ChangedFileError: Its snapshot is not final, and does not fit what was copied.
        LargeFileError: Its snapshot is not final, and it is too large to be copied.
    """
    path = Path(entry.path)
    may_link = entry.snapshot is not None and entry.snapshot.is_final
    is_in_use = entry.snapshot is not None and not entry.snapshot.is_final
    sizes = {name: (path / name).stat().st_size for name in files_below(path, leave_out)}
    is_large = sum(sizes.values()) > max_copy and entry.may_stay_in_place
    ways = (_clone, _link) if may_link else (_clone,)
    if is_large and not _is_possible(ways, path / max(sizes, key=sizes.__getitem__), target):
        if is_in_use:
            raise LargeFileError(f"{path} is larger than `tracking.max_copy`")
        target.mkdir(parents=True)
        return entry.snapshot or Snapshot.from_path(path, path.absolute(), only=sizes)
    place = target / path.name
    linked: list[str] = []

    def copy(source: str, copied: str) -> None:
        if _copy(Path(source), Path(copied), may_link=may_link):
            linked.append(
                "" if Path(copied) == place else Path(copied).relative_to(place).as_posix()
            )

    if path.is_dir():
        shutil.copytree(
            path,
            place,
            # If the folder is the project's root, it contains the journal.
            ignore=lambda _, names: {
                name for name in names if name == leave_out or is_mark(name, names)
            },
            copy_function=copy,
            ignore_dangling_symlinks=True,
        )
    else:
        target.mkdir(parents=True)
        copy(str(path), str(place))
    if entry.snapshot is not None and is_in_use:
        for name, _, _ in entry.snapshot.files:
            entry.snapshot.check(path, name)
    return Snapshot.from_path(place, only=linked) if linked else None


def _copy(source: Path, target: Path, *, may_link: bool) -> bool:
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
    # Windows cannot replace a file while it is open under another name, as during an upload.
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
        except OSError:  # not supported by the file system
            target.unlink()
            return False
    return True
