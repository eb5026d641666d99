"""A combination's own files: its outputs must not overwrite those of another combination."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from ..utils.catalog_files import (
    PATHS,
    entries_of,
    is_local,
    joined,
    local_path,
    local_paths,
    paths_in,
)
from ..utils.pipeline_info import untranscoded
from .kept_value import KeptValue

_KEPT = f"{KeptValue.__module__}.{KeptValue.__qualname__}"


def is_in_memory(entry: Any) -> bool:
    """Whether a dataset is in memory only.

    Args:
        entry: Its entry in the catalog; None: the catalog does not list it.

    Example:
        >>> is_in_memory({"type": "MemoryDataset"}), is_in_memory({"type": "pandas.CSVDataset"})
        (True, False)
    """
    if entry is None:
        return True
    kind = str(entry.get("type", ""))
    has_no_file = kind.endswith(".MLflowDataset") and entry.get("dataset") is None
    return kind.endswith("MemoryDataset") or has_no_file


def shared_places(entries: Mapping[str, Any]) -> dict[str, str]:
    """Find outputs that combinations would overwrite, because they are not in local files.

    Args:
        entries: The outputs' entries in the catalog.

    Returns:
        Dataset name -> where it is saved.

    Example:
        >>> shared_places({"sales": {"type": "pandas.SQLTableDataset", "table_name": "sales"}})
        {'sales': 'pandas.SQLTableDataset'}
    """
    found: dict[str, str] = {}
    for name, entry in entries.items():
        paths = list(paths_in(entry))
        remote = next((path for path in paths if not is_local(path)), None)
        if remote is not None:
            found[name] = remote
        elif not paths and not is_in_memory(entry):
            found[name] = str(entry.get("type"))
    return found


def redirected(
    catalog: Mapping[str, Any], outputs: Collection[str], root: Path, folder: Path
) -> dict[str, Any]:
    """Return entries of the catalog whose local files are a combination's own.

    Every entry with a file of an output is among them: transcoded datasets, and others that read
    the same file.

    Args:
        catalog: The content of catalog.yml.
        outputs: The datasets that the combination saves.
        root: The project's root.
        folder: The combination's folder, in which files have the paths that they have in the root.
    """
    saved = local_paths(catalog, outputs, root)
    bases = {untranscoded(name) for name in outputs}
    entries = entries_of(catalog, {*outputs, *catalog})

    def move(path: str) -> str:
        if not is_local(path) or local_path(joined(path, root)) not in saved:
            return path
        return own_path(path, root, folder)

    moved = {name: _with_paths(entry, move) for name, entry in entries.items()}
    return {
        name: entry
        for name, entry in moved.items()
        if entry != entries[name] or untranscoded(name) in bases
    }


def own_path(path: str, root: Path, folder: Path) -> str:
    """Return the path in a combination's folder for a local path of the project.

    Example:
        >>> own_path("data/model.pkl", Path("/project"), Path("/sweep/1")).replace(os.sep, "/")
        '/sweep/1/data/model.pkl'
    """
    absolute = Path(os.path.abspath(joined(path, root)))  # noqa: PTH100 - without following links
    try:
        inside = absolute.relative_to(os.path.abspath(root))  # noqa: PTH100
    except ValueError:  # two folders outside of the project may have files of the same name
        digest = hashlib.sha256(str(absolute.parent).encode()).hexdigest()[:12]
        inside = Path("outside", digest, absolute.name)
    return str(folder / inside)


def kept_entries(names: Iterable[str], folder: Path) -> dict[str, Any]:
    """Return entries that keep values in files, for datasets that are in memory otherwise."""
    return {
        name: {"type": _KEPT, "filepath": str(folder / f"{_file_name(name)}.pkl")} for name in names
    }


def _file_name(name: str) -> str:
    safe = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name)
    # Two names may differ only in what is replaced, or in upper case.
    return f"{safe.lstrip('.')[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _with_paths(entry: Any, move: Callable[[str], str]) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    return {
        key: move(str(value))
        if key in PATHS and isinstance(value, str | PurePath)
        else _with_paths(value, move)
        for key, value in entry.items()
    }
