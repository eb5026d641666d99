"""Where a Kedro dataset keeps its file on the local disk."""

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

Files: TypeAlias = dict[Path, tuple[int, int]]


def local_path(backend: AnyDataset, *, saving: bool) -> Path | None:
    """The local file or folder that a dataset has just written, or will load.

    Args:
        backend: any dataset; of a ``CachedDataset`` its inner one counts.
        saving: after a save, True gives the version that was written; else the one to be loaded.

    Returns:
        None for a remote place, for a dataset without files, and while there is no version.
    """
    backend = kedro_internals.unwrapped(backend)
    path = local_place(backend)
    if path is None or not isinstance(backend, AbstractVersionedDataset):
        return path
    try:
        version = backend.resolve_save_version() if saving else backend.resolve_load_version()
    except VersionNotFoundError:
        return None
    if version is None:
        return path
    versioned = path / version / path.name
    if saving and not versioned.exists():
        # Kedro forgets the version that it has saved when an older one is pinned for loading.
        versions = (folder / path.name for folder in path.glob("*"))
        return max((file for file in versions if file.exists()), default=None)
    return versioned


def files_in(backend: AnyDataset) -> Files:
    """The files of a dataset that writes a folder, each with its state; none of any other dataset.

    Two states of a file differ when it was written in between.
    """
    if isinstance(backend, AbstractVersionedDataset) and backend.resolve_save_version():
        return {}  # a version has a folder of its own
    folder = local_path(backend, saving=True)
    if folder is None or not folder.is_dir():
        return {}
    return states_of(folder.rglob("*"))


def states_of(files: Iterable[Path]) -> Files:
    """The state of each file among some paths; folders are left out."""
    states = {}
    for file in sorted(files):
        with contextlib.suppress(OSError):  # it was removed, or leads nowhere
            state = file.stat()
            if stat.S_ISREG(state.st_mode):
                states[file] = (state.st_mtime_ns, state.st_size)
    return states


def local_place(backend: AnyDataset) -> Path | None:
    """The local place of a dataset without its version; None for a remote one."""
    described = kedro_internals.description_of(backend)
    location = described.get("filepath") or described.get("path")
    location = location or kedro_internals.filepath_of(backend)
    if not isinstance(location, (str, PurePath)):
        return None
    protocol, plain = get_protocol_and_path(str(location))
    protocols = {protocol, described.get("protocol"), kedro_internals.protocol_of(backend)}
    return Path(plain) if protocols <= {"file", "local", None} else None
