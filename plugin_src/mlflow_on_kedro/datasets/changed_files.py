"""Which files a run has to have of a folder that is saved to, in which others lay before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

from .formats import AnyDataset
from .images import ImageSeries
from .local_files import Files, files_in, local_path, states_of
from .partitions import partition_files, partition_names

if TYPE_CHECKING:
    from ..journal.run_logger import RunLogger

Logged: TypeAlias = dict[Path, Files]

_OF_TABLES = (
    "_delta_log",
    "metadata",  # of Iceberg
    "_versions",  # of Lance
    ".hoodie",
    "zarr.json",
    ".zgroup",
    ".zarray",
    "_SUCCESS",  # of Spark
    "_metadata",  # of Parquet
    "_common_metadata",
    "dataset_info.json",  # of Hugging Face
    "dataset_dict.json",
)
_TICK_SECONDS = 0.02
"""File systems note the time of writing in steps of up to this."""


def before_save(dataset: AnyDataset, data: Any, logged: Logged | None = None) -> Files:
    """Note the state of the files in a dataset's folder, if it has one, before it is saved to.

    Args:
        dataset: Any dataset.
        data: What will be saved.
        logged: What the run has of folders that are logged whole.

    Returns:
        The files that need not be logged if they stay as they are.
    """
    if partition_names(dataset, data) is not None:
        return _of_partitions(dataset, data)
    folder = local_path(dataset, saving=True)
    if folder is None or not folder.is_dir():
        return {}
    whole = is_whole(dataset, folder, data)
    files = (logged or {}).get(folder, {}) if whole else files_in(dataset)
    newest = max((written for written, _ in files.values()), default=0)
    if newest > time.time_ns() - _TICK_SECONDS * 1e9:
        time.sleep(_TICK_SECONDS)  # or what is written now would look as if it was there before
    return files


def is_whole(dataset: AnyDataset, folder: Path, data: Any) -> bool:
    """Whether the files of a folder make one thing, which no part of them is.

    A table of Delta, Iceberg, Lance or Zarr, a folder of Parquet files, a model: what one save
    adds cannot be loaded without the rest. Several images are as many things.

    Args:
        dataset: The dataset of the folder.
        folder: The folder.
        data: What is saved to it.
    """
    if isinstance(dataset, ImageSeries):
        return False
    if not isinstance(data, Mapping | list | tuple):
        return True
    return any((folder / name).exists() for name in _OF_TABLES)


def log_written(
    run: RunLogger,
    dataset: AnyDataset,
    data: Any,
    before: Files,
    folder: str = "",
    logged: Logged | None = None,
) -> bool:
    """Log what a save has written, and of what can be loaded whole only, what the run lacks.

    Args:
        run: The run.
        dataset: The dataset, after it was saved to.
        data: What was saved.
        before: What :func:`before_save` has given.
        folder: The place among the run's artifacts.
        logged: What the run has of folders that are logged whole, which is added to.

    Returns:
        False if the dataset has no local file, or it is not there.
    """
    path = local_path(dataset, saving=True)
    names = partition_names(dataset, data)
    if path is None or not path.exists():
        return names == ()  # nothing was to be saved
    if path.is_dir():
        folder = str(PurePosixPath(folder, path.name))
    now = {} if not path.is_dir() else _files_now(dataset, data, names)
    if logged is not None and names is None and path.is_dir() and is_whole(dataset, path, data):
        logged[path] = now
    if names is None and not (before and path.is_dir()):
        run.log_artifact(path, folder)
        return True
    written = {file for file, state in now.items() if before.get(file) != state}
    # A partition that was saved is this save's also if nothing of it has changed.
    written |= {path / name for name in names or ()} & now.keys()
    for file in sorted(written):
        below = file.parent.relative_to(path).as_posix()
        run.log_artifact(file, str(PurePosixPath(folder, below)))
    return True


def _files_now(dataset: AnyDataset, data: Any, names: tuple[str, ...] | None) -> Files:
    return files_in(dataset) if names is None else _of_partitions(dataset, data)


def _of_partitions(dataset: AnyDataset, data: Any) -> Files:
    # Not all that lies in the folder: a generator node saves thousands of them, one by one, and
    # other nodes may write to the folder at the same time.
    folder = local_path(dataset, saving=True)
    return states_of(partition_files(folder, dataset, data)) if folder is not None else {}
