"""From files, folders and globs in the configuration to artifacts and their places."""

from __future__ import annotations

import contextlib
import glob
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from ..journal.entries import File
from ..journal.snapshot import State, files_below, state_of
from .store import WORKING_FOLDER

logger = logging.getLogger(__name__)

_CONFIG = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")


def expand(patterns: Iterable[str], root: Path, *, level: int = logging.WARNING) -> list[File]:
    """Find the files and folders of some patterns, and their places among the artifacts.

    A file goes to the top under its own name, a folder below its own name, and a file that a glob
    finds keeps its path below the glob's fixed part. Files that would get the same place keep their
    paths in the project. Kedro's credentials are left out.

    Args:
        patterns: Files, folders or globs (``**`` too); relative ones count from ``root``.
        root: The project's root.
        level: The level of messages on what is not found or left out.

    Example:
        >>> expand(["logs/**/*.log"], Path("/project"))
        []
    """
    root = _normalized(root)
    found: dict[Path, str] = {}
    for pattern in patterns:
        matches = _matches(pattern, root, level)
        if not matches:
            logger.log(level, "Nothing to log at '%s' (looked in %s).", pattern, root)
        for path, folder in matches:
            found.setdefault(path, folder)
    places = Counter(_place(path, folder) for path, folder in found.items())
    return [
        _entry(path, folder if places[_place(path, folder)] == 1 else _own_folder(path, root))
        for path, folder in found.items()
    ]


def parts(file: File) -> Iterator[tuple[Path, str]]:
    """Yield the files of a file or folder, each with its folder among the artifacts."""
    for name in files_below(Path(file.path), WORKING_FOLDER):
        if not name:
            yield Path(file.path), file.folder
        else:
            folder = PurePosixPath(file.folder, name).parent.as_posix()
            yield Path(file.path, name), "" if folder == "." else folder


def states(patterns: Iterable[str], root: Path) -> Iterator[tuple[Path, str, State]]:
    """Yield each single file of some patterns, its folder among the artifacts, and its state."""
    for file in expand(patterns, root, level=logging.DEBUG):
        for path, folder in parts(file):
            with contextlib.suppress(OSError):  # it was removed just now
                yield path, folder, state_of(path)


def _matches(pattern: str, root: Path, level: int) -> list[tuple[Path, str]]:
    path = _normalized(root / pattern)
    if path.is_dir():
        files = sorted(path / name for name in files_below(path, WORKING_FOLDER))
        if not any(_is_secret(file, root) for file in files):
            return [(path, "")]
        return [
            (file, _relative(file.parent, path.parent))
            for file in _without_secrets(files, root, level)
        ]
    if path.exists():
        return [(file, "") for file in _without_secrets([path], root, level)]
    return _glob(pattern, root, level) if _MAGIC.search(pattern) else []


def _glob(pattern: str, root: Path, level: int) -> list[tuple[Path, str]]:
    base = _normalized(root / Path(*_fixed_parts(pattern)))
    names = glob.glob(pattern, root_dir=root, recursive=True)  # noqa: PTH207 - takes absolute ones
    paths = [_normalized(root / name) for name in sorted(names)]
    files = [path for path in paths if path.is_file()]
    return [(file, _relative(file.parent, base)) for file in _without_secrets(files, root, level)]


def _fixed_parts(pattern: str) -> list[str]:
    parts = list(Path(pattern).parts)
    magic = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
    return parts[:magic]


def _normalized(path: Path) -> Path:
    # Without `..`, which MLflow refuses in an artifact's path; links keep their own names.
    return Path(os.path.normpath(path))


def _relative(folder: Path, base: Path) -> str:
    relative = folder.relative_to(base).as_posix()
    return "" if relative == "." else relative


def _place(path: Path, folder: str) -> str:
    return f"{folder}/{path.name}".lstrip("/")


def _own_folder(path: Path, root: Path) -> str:
    return _relative(path.parent, root if path.is_relative_to(root) else Path(path.anchor))


def _without_secrets(files: Iterable[Path], root: Path, level: int) -> list[Path]:
    """Leave out files that may hold credentials, with a message for each."""
    allowed = []
    for file in files:
        if _is_secret(file, root):
            logger.log(level, "%s is not logged: it may hold credentials.", file)
        else:
            allowed.append(file)
    return allowed


def _is_secret(file: Path, root: Path) -> bool:
    # Kedro reads files that are named `credentials*`, and all files in folders of that name.
    parts = file.relative_to(root).parts if file.is_relative_to(root) else (file.name,)
    return bool(_CONFIG.search(file.name)) and any(
        part.lower().startswith("credentials") for part in parts
    )


def _entry(path: Path, folder: str) -> File:
    return File(str(path), _place(path, folder) if path.is_dir() else folder)
