"""Where the datasets of a catalog are saved: their entries, and their local files."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

PATHS = ("filepath", "path")
"""The keys of an entry that have the path of a file or folder."""


def entries_of(catalog: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the entries of datasets in catalog.yml, also those that a pattern makes.

    Args:
        catalog: The content of catalog.yml.
        names: The datasets; those that the catalog does not list are left out.

    Example:
        >>> entries_of({"{x}_table": {"type": "T", "filepath": "{x}.csv"}}, ["a_table", "b"])
        {'a_table': {'type': 'T', 'filepath': 'a.csv'}}
    """
    from kedro.io import CatalogConfigResolver

    # Credentials are names here, which the resolver would look up.
    plain = {
        name: {key: item for key, item in entry.items() if key != "credentials"}
        for name, entry in catalog.items()
        if isinstance(entry, Mapping)
    }
    resolver = CatalogConfigResolver(
        copy.deepcopy(plain), default_runtime_patterns={"{default}": {"type": "MemoryDataset"}}
    )
    found: dict[str, Any] = {}
    for name in names:
        listed = name if name in catalog else resolver.match_dataset_pattern(name)
        listed = listed or resolver.match_user_catch_all_pattern(name)
        if listed is None or listed not in catalog:
            continue
        whole = catalog[listed]
        entry = dict(whole) if listed == name else copy.deepcopy(resolver.resolve_pattern(name))
        if isinstance(whole, Mapping) and "credentials" in whole:
            entry["credentials"] = whole["credentials"]
        found[name] = entry
    return found


def local_paths(catalog: Mapping[str, Any], names: Iterable[str], root: Path) -> set[Path]:
    """Return the local files and folders of datasets, as :func:`local_path` does.

    Args:
        catalog: The content of catalog.yml.
        names: The datasets.
        root: The project's root.
    """
    return {
        local_path(joined(path, root))
        for entry in entries_of(catalog, names).values()
        for path in paths_in(entry)
        if is_local(path)
    }


def local_path(path: Path) -> Path:
    """Return a path in the one form in which two of them can be compared; links stay."""
    return Path(os.path.normcase(os.path.abspath(path)))  # noqa: PTH100 - links stay


def paths_in(entry: Any) -> Iterator[str]:
    """Yield the paths in a dataset's entry, also in datasets within it."""
    if isinstance(entry, Mapping):
        for key, value in entry.items():
            if key in PATHS and isinstance(value, str | PurePath):
                yield str(value)
            else:
                yield from paths_in(value)


def is_local(path: str) -> bool:
    """Whether a path is on this machine."""
    return "://" not in path or path.startswith("file://")


def joined(path: str, root: Path) -> Path:
    """Return a local path below a project's root."""
    return root / path.removeprefix("file://")  # which an absolute path replaces
