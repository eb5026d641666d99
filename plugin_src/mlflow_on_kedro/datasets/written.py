"""Which files a save has written, among those that lay in the folder before."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from .formats import AnyDataset
from .local_files import Files, files_in, local_path, states_of
from .partitions import partition_files, partition_names

if TYPE_CHECKING:
    from ..telling import Telling

_TICK_SECONDS = 0.02
"""File systems note the time of writing in steps of up to this."""


def before_save(dataset: AnyDataset, data: Any) -> Files:
    """Note the state of the files in a dataset's folder, if it has one, before it is saved to.

    Args:
        dataset: Any dataset.
        data: What will be saved.
    """
    if partition_names(dataset, data) is not None:
        return _of_partitions(dataset, data)
    files = files_in(dataset)
    newest = max((written for written, _ in files.values()), default=0)
    if newest > time.time_ns() - _TICK_SECONDS * 1e9:
        time.sleep(_TICK_SECONDS)  # or what is written now would look as if it was there before
    return files


def log_written(
    run: Telling, dataset: AnyDataset, data: Any, before: Files, folder: str = ""
) -> bool:
    """Log what a save has written, and nothing else.

    Args:
        run: The run.
        dataset: The dataset, after it was saved to.
        data: What was saved.
        before: What :func:`before_save` has given.
        folder: The place among the run's artifacts.

    Returns:
        False if the dataset has no local file, or it is not there.
    """
    path = local_path(dataset, saving=True)
    names = partition_names(dataset, data)
    if path is None or not path.exists():
        return names == ()  # nothing was to be saved
    if path.is_dir():
        folder = str(PurePosixPath(folder, path.name))
    if names is None and (not before or not path.is_dir()):
        run.log_artifact(path, folder)
        return True
    now = files_in(dataset) if names is None else _of_partitions(dataset, data)
    written = {file for file, state in now.items() if before.get(file) != state}
    # A partition that was saved is this save's also if nothing of it has changed.
    written |= {path / name for name in names or ()} & now.keys()
    for file in sorted(written):
        below = file.parent.relative_to(path).as_posix()
        run.log_artifact(file, str(PurePosixPath(folder, below)))
    return True


def _of_partitions(dataset: AnyDataset, data: Any) -> Files:
    # Not all that lies in the folder: a generator node saves thousands of them, one by one, and
    # other nodes may write to the folder at the same time.
    folder = local_path(dataset, saving=True)
    return states_of(partition_files(folder, dataset, data)) if folder is not None else {}
