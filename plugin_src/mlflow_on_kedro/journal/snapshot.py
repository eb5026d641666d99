"""The state of files that others may still write to, and a check whether they were changed."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import MLflowOnKedroError
from .hadoop_marks import is_mark

State = tuple[int, int]


class ChangedFileError(MLflowOnKedroError):
    """A file was changed after a run logged it, so it is no longer what the run saved."""


class LargeFileError(MLflowOnKedroError):
    """A file that others may still write to is too large to be copied."""


@dataclass(frozen=True)
class Snapshot:
    """The state of an artifact's files when they were logged; their content is not copied.

    Attributes:
        original: Where they lie; "" if they are at the entry's own path.
        files: Each file's path below that, "" for a single file, with its size in bytes and the
            time of its last change in nanoseconds since the epoch.
        is_final: No process writes to the files again, they are only replaced. If False, the files
            are copied, and none is logged that has changed meanwhile.
    """

    original: str
    files: tuple[tuple[str, int, int], ...]
    is_final: bool = True

    @classmethod
    def from_path(
        cls, path: Path, original: Path | None = None, *, only: Iterable[str] = ()
    ) -> Snapshot:
        """Read the state of a file, or of all files in a folder.

        Args:
            path: The file or folder.
            original: Where it lies, or will lie later. Default: at ``path``.
            only: The files to include, as paths below the folder. Default: all.

        Raises:
            OSError: One of them cannot be read.
        """
        names = list(only) or list(files_below(path))
        rows = tuple((name, *state_of(path / name)) for name in names)
        return cls(os.fspath(original) if original is not None else "", rows)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self.files)

    @functools.cached_property
    def _states(self) -> dict[str, State]:
        return {name: (size, time) for name, size, time in self.files}

    def check(self, path: Path, name: str) -> None:
        """Check that a file is unchanged; files without a known state are not checked.

        Args:
            path: The file or folder.
            name: The file's path below that; "" for a single file.

        Raises:
            ChangedFileError: It was changed or removed.
        """
        known = self._states.get(name)
        try:
            same = known is None or state_of(path / name) == known
        except OSError:
            same = False
        if not same:
            raise ChangedFileError(
                f"{path / name} was changed or removed after the run had logged it, so it is not "
                "what the run saved. It was too large to be copied then (`tracking.max_copy` in "
                "mlflow.yml). `kedro mlflow discard RUN ENTRY` drops it."
            )

    def to_text(self) -> str:
        """Write it as JSON."""
        return json.dumps({"original": self.original, "files": self.files})

    @classmethod
    def from_text(cls, text: str) -> Snapshot:
        """Read what :meth:`to_text` has written.

        Raises:
            ValueError: The text is damaged.
        """
        try:
            content = json.loads(text)
            rows = tuple((str(name), int(size), int(time)) for name, size, time in content["files"])
            return cls(str(content["original"]), rows)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no snapshot of files: {error}") from None


def state_of(path: Path) -> State:
    """Return a file's size, and the time of its last change.

    Raises:
        OSError: There is no such file.
    """
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def files_below(path: Path, leave_out: str = "") -> Iterator[str]:
    """Yield the files of an artifact as paths below a folder; "" for a path that is a file itself.

    Args:
        path: A file or folder.
        leave_out: The name of folders to leave out.
    """
    if not path.is_dir():
        yield ""
        return
    for folder, folders, files in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if name != leave_out)
        for name in sorted(files):
            file = Path(folder, name)
            if not is_mark(name, files) and file.is_file():  # not a broken link
                yield file.relative_to(path).as_posix()
