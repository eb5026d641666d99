"""Finds the files that a save has written into a folder in which other files may lie."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

from .formats import AnyDataset
from .images import ImageSeries
from .local_files import FileStates, files_in, local_path, states_of
from .partitions import partition_files, partition_names

if TYPE_CHECKING:
    from ..journal.run_logger import RunLogger

LoggedFolders: TypeAlias = dict[Path, FileStates]
"""The folders of which the run has every file, with the states that the files had then."""

_MARKER_FILES = (
    "_delta_log",
    "metadata",  # Iceberg
    "_versions",  # Lance
    ".hoodie",
    "zarr.json",
    ".zgroup",
    ".zarray",
    "_SUCCESS",  # Spark
    "_metadata",  # Parquet
    "_common_metadata",
    "dataset_info.json",  # Hugging Face
    "dataset_dict.json",
)
"""Files by which a folder is known to hold one table or one array."""
_TICK_SECONDS = 0.02
"""File systems round the time of writing to steps of up to this."""


def before_save(dataset: AnyDataset, data: Any, logged: LoggedFolders | None = None) -> FileStates:
    """Record the states of the files in a dataset's folder before a save.

    Args:
        dataset: Any dataset.
        data: The value to be saved.
        logged: The folders of which the run has every file.

    Returns:
        The files that need not be logged if the save does not change them; empty for a dataset
        without a folder.
    """
    if partition_names(dataset, data) is not None:
        return _partition_states(dataset, data)
    folder = local_path(dataset, saving=True)
    if folder is None or not folder.is_dir():
        return {}
    if is_indivisible(dataset, folder, data):
        files = (logged or {}).get(folder, {})
    else:
        files = files_in(dataset)
    newest = max((written for written, _ in files.values()), default=0)
    if newest > time.time_ns() - _TICK_SECONDS * 1e9:
        time.sleep(_TICK_SECONDS)  # else a file written now could have the same time as before
    return files


def is_indivisible(dataset: AnyDataset, folder: Path, data: Any) -> bool:
    """Whether the files of a folder can only be loaded together, so that the run needs all of them.

    True for a table of Delta, Iceberg, Lance or Zarr, a folder of Parquet files, a model; False for
    several images.

    Args:
        dataset: The dataset of the folder.
        folder: The folder.
        data: The value that is saved.
    """
    if isinstance(dataset, ImageSeries):
        return False
    if not isinstance(data, Mapping | list | tuple):
        return True
    return any((folder / name).exists() for name in _MARKER_FILES)


def log_written(
    run: RunLogger,
    dataset: AnyDataset,
    data: Any,
    before: FileStates,
    folder: str = "",
    logged: LoggedFolders | None = None,
) -> bool:
    """Log the files that a save has written; of an indivisible folder, all that the run lacks.

    Args:
        run: The run.
        dataset: The dataset, after the save.
        data: The value that was saved.
        before: The result of :func:`before_save`.
        folder: The folder among the run's artifacts.
        logged: The folders of which the run has every file; this one is added.

    Returns:
        False if the dataset has no local file, or the file does not exist.
    """
    path = local_path(dataset, saving=True)
    names = partition_names(dataset, data)
    if path is None or not path.exists():
        return names == ()  # the value had no partitions
    is_folder = path.is_dir()
    if is_folder:
        folder = str(PurePosixPath(folder, path.name))
    now: FileStates = {}
    if is_folder:
        now = files_in(dataset) if names is None else _partition_states(dataset, data)
    if logged is not None and names is None and is_folder and is_indivisible(dataset, path, data):
        logged[path] = now
    if names is None and not (before and is_folder):
        run.log_artifact(path, folder)
        return True
    written = {file for file, state in now.items() if before.get(file) != state}
    # A partition that was saved is logged even if its file has not changed.
    written |= {path / name for name in names or ()} & now.keys()
    for file in sorted(written):
        below = file.parent.relative_to(path).as_posix()
        run.log_artifact(file, str(PurePosixPath(folder, below)))
    return True


def _partition_states(dataset: AnyDataset, data: Any) -> FileStates:
    # Not the whole folder: a generator node saves thousands of partitions one by one, and other
    # nodes may write to the folder at the same time.
    folder = local_path(dataset, saving=True)
    return states_of(partition_files(folder, dataset, data)) if folder is not None else {}
