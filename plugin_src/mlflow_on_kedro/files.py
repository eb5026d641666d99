"""Files, folders and globs that a user lists -> what is logged, and where among the artifacts."""

from __future__ import annotations

import glob
import logging
import re
from collections.abc import Iterable
from pathlib import Path

from .entries import File

logger = logging.getLogger(__name__)

_CREDENTIALS = re.compile(r"credentials.*\.(ya?ml|json)$", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")


def expand(patterns: Iterable[str], root: Path) -> list[File]:
    """Find what the patterns name.

    A file goes to the top of the artifacts under its own name, a folder below its own name, and
    what a glob finds keeps its place below the glob's fixed part. Files that would meet there keep
    their path in the project. Kedro's credentials are left out.

    Args:
        patterns: Files, folders or globs (``**`` too); relative ones count from ``root``.
        root: The project's root.

    Example:
        >>> expand(["logs/**/*.log"], Path("/project"))
        []
    """
    found: dict[Path, str] = {}
    taken: dict[str, Path] = {}
    for pattern in patterns:
        matches = _matches(pattern, root)
        if not matches:
            logger.warning("Nothing to log at '%s' (looked in %s).", pattern, root)
        for path, folder in matches:
            if path in found:
                continue
            place = f"{folder}/{path.name}".lstrip("/")
            if place in taken and path.is_relative_to(root):
                folder = path.parent.relative_to(root).as_posix()  # noqa: PLW2901
                place = f"{folder}/{path.name}"
            taken[place] = path
            found[path] = folder
    return [_entry(path, folder) for path, folder in found.items()]


def _matches(pattern: str, root: Path) -> list[tuple[Path, str]]:
    if not _MAGIC.search(pattern):
        path = root / pattern
        if path.is_dir() and any(_is_secret(item) for item in path.rglob("*")):
            pattern = f"{pattern.rstrip('/')}/**/*"
            return [
                (file, f"{path.name}/{folder}".rstrip("/")) for file, folder in _glob(pattern, root)
            ]
        return [(path, "")] if path.exists() and not _is_secret(path) else []
    return _glob(pattern, root)


def _glob(pattern: str, root: Path) -> list[tuple[Path, str]]:
    base = root / Path(*_fixed_parts(pattern))
    names = glob.glob(str(root / pattern), recursive=True)  # noqa: PTH207 - takes absolute ones too
    return [
        (path, _relative(path.parent, base))
        for path in map(Path, sorted(names))
        if path.is_file() and not _is_secret(path)
    ]


def _fixed_parts(pattern: str) -> list[str]:
    parts = list(Path(pattern).parts)
    magic = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
    return parts[:magic]


def _relative(folder: Path, base: Path) -> str:
    relative = folder.relative_to(base).as_posix()
    return "" if relative == "." else relative


def _is_secret(path: Path) -> bool:
    if not _CREDENTIALS.match(path.name):
        return False
    logger.warning("%s is not logged: it may hold credentials.", path)
    return True


def _entry(path: Path, folder: str) -> File:
    return File(str(path), f"{folder}/{path.name}".lstrip("/") if path.is_dir() else folder)
