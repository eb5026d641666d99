"""The copies of artifacts in a journal: ``files/`` in its folder."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from .entries import Entry, File
from .json_files import write_object
from .snapshot import Snapshot

COPIES = "files"


class ArtifactCopies:
    """Artifacts as they were when they were logged, each in a folder of its own.

    Args:
        folder: The journal's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / COPIES

    def to_absolute(self, entry: Entry) -> Entry:
        """Turn the path in a line of the journal into that of the copy on this machine.

        Raises:
            ValueError: It leads out of the journal, as one from elsewhere might on purpose.
        """
        if not isinstance(entry, File):
            return entry
        # The plugin copies what symbolic links lead to, so it has created none here.
        parts = PurePosixPath(entry.path).parts
        files = self.folder.parent.resolve() / COPIES
        path, expected = self.folder.joinpath(*parts), files.joinpath(*parts)
        odd = not parts or ".." in parts or "\0" in entry.path
        if odd or not expected.is_relative_to(files) or path.resolve() != expected:
            raise ValueError("a file outside of the journal")
        if any(item.is_symlink() for item in path.rglob("*")):
            raise ValueError("a link in the journal")
        return replace(entry, path=str(path), snapshot=self._snapshot(parts[0]))

    def to_relative(self, entry: Entry) -> Entry:
        """Turn a copy's path into the one that a line of the journal has."""
        if not isinstance(entry, File):
            return entry
        return replace(entry, path=Path(entry.path).relative_to(self.folder).as_posix())

    def write_snapshot(self, name: str, snapshot: Snapshot) -> None:
        """Write down the state of files of a copy that others may still write to.

        Raises:
            OSError: The disk is full.
        """
        write_object(self._snapshot_file(name), json.loads(snapshot.to_text()))

    def _snapshot(self, name: str) -> Snapshot | None:
        try:
            return Snapshot.from_text(self._snapshot_file(name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(str(error)) from error

    def _snapshot_file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def has(self, entry: Entry) -> bool:
        """Return whether an entry is a copy in this folder."""
        return isinstance(entry, File) and Path(entry.path).is_relative_to(self.folder)

    def remove(self, entry: Entry) -> None:
        """Remove the copy of an artifact, if the entry is one."""
        if not (isinstance(entry, File) and self.has(entry)):
            return
        name = Path(entry.path).relative_to(self.folder).parts[0]
        shutil.rmtree(self.folder / name, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._snapshot_file(name).unlink(missing_ok=True)

    def files(self, without: Collection[str]) -> Iterator[Path]:
        """All files of the copies, and those that were too large to be copied.

        Args:
            without: Names of copies to leave out.
        """
        for path in self.folder.rglob("*"):
            place = path.relative_to(self.folder).parts
            if place[0].removesuffix(".json") in without or not path.is_file():
                continue
            if len(place) > 1:
                yield path
            else:
                yield from _originals(path)


def _originals(snapshot_file: Path) -> list[Path]:
    """The files that were too large to be copied and still exist."""
    try:
        snapshot = Snapshot.from_text(snapshot_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # just delivered, or damaged
        return []
    files = [Path(snapshot.original, name) for name, _, _ in snapshot.files if snapshot.original]
    return [file for file in files if file.is_file()]
