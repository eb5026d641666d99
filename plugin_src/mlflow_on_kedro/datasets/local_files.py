"""The local files of Kedro datasets: their paths and their states."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TypeAlias

from kedro.io import AbstractVersionedDataset
from kedro.io.core import VersionNotFoundError, get_protocol_and_path

from ..utils import kedro_internals
from .formats import AnyDataset

FileStates: TypeAlias = dict[Path, tuple[int, int]]
"""Each file's time of writing in nanoseconds since the epoch, and its size in bytes."""


def local_path(dataset: AnyDataset, *, saving: bool) -> Path | None:
    """Return the local file or folder that a dataset has just written, or would load.

    Args:
        dataset: Any dataset; of a ``CachedDataset`` the inner one is used.
        saving: True: the version that was just written; False: the version that would be loaded.

    Returns:
        None for a remote path, for a dataset without files, and while there is no version.
    """
    dataset = kedro_internals.unwrapped(dataset)
    path = unversioned_path(dataset)
    if path is None or not isinstance(dataset, AbstractVersionedDataset):
        return path
    try:
        version = dataset.resolve_save_version() if saving else dataset.resolve_load_version()
    except VersionNotFoundError:
        return None
    if version is None:
        return path
    versioned = path / version / path.name
    if saving and not versioned.exists():
        # Kedro forgets the version that it has saved if an older one is chosen for loading.
        versions = (folder / path.name for folder in path.glob("*"))
        return max((file for file in versions if file.exists()), default=None)
    return versioned


def files_in(dataset: AnyDataset) -> FileStates:
    """Return the states of the files of a dataset that writes a folder; none for other datasets."""
    if isinstance(dataset, AbstractVersionedDataset) and dataset.resolve_save_version():
        return {}  # each version has its own folder
    folder = local_path(dataset, saving=True)
    if folder is None or not folder.is_dir():
        return {}
    return states_of(folder.rglob("*"))


def states_of(paths: Iterable[Path]) -> FileStates:
    """Return the state of each path that is a file; it changes whenever the file is written."""
    states = {}
    for file in sorted(paths):
        with contextlib.suppress(OSError):  # the file was removed, or is a broken link
            state = file.stat()
            if stat.S_ISREG(state.st_mode):
                states[file] = (state.st_mtime_ns, state.st_size)
    return states


def unversioned_path(dataset: AnyDataset) -> Path | None:
    """Return the local file or folder of a dataset, without its version; None if it is remote."""
    described = kedro_internals.description_of(dataset)
    location = described.get("filepath") or described.get("path")
    location = location or kedro_internals.filepath_of(dataset)
    if not isinstance(location, (str, PurePath)):
        return None
    protocol, plain = get_protocol_and_path(str(location))
    protocols = {protocol, described.get("protocol"), kedro_internals.protocol_of(dataset)}
    return Path(plain) if protocols <= {"file", "local", None} else None
