"""The files of Kedro's `PartitionedDataset` and `IncrementalDataset`, which are not imported."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath
from typing import Any

from ..utils.kedro_internals import filename_suffix_of, unwrapped
from .formats import AnyDataset

_CLASS = "PartitionedDataset"
_NAME_ENDS = re.compile(r"[./]")


def is_partitioned(dataset: AnyDataset) -> bool:
    """Whether a dataset, or the one that it wraps, saves each item of a dict to its own file."""
    return any(base.__name__ == _CLASS for base in type(unwrapped(dataset)).__mro__)


def partition_names(dataset: AnyDataset, data: Any) -> tuple[str, ...] | None:
    """Return the names of the partitions that were saved or loaded, as paths in the folder.

    Args:
        dataset: Any dataset.
        data: The value that was saved or loaded.

    Returns:
        None for a dataset without partitions.
    """
    if not is_partitioned(dataset) or not isinstance(data, Mapping):
        return None
    suffix = filename_suffix_of(unwrapped(dataset))
    return tuple(f"{name}{suffix}" for name in sorted(map(str, data)))


def partition_files(folder: Path, dataset: AnyDataset, data: Any) -> list[Path]:
    """Return the files of the partitions in a value, without listing all the others.

    They include a partition's versions, and the files that its dataset writes beside it, as for
    shapefiles.

    Args:
        folder: The dataset's folder.
        dataset: A dataset with partitions.
        data: The value that is saved.
    """
    known = {*(partition_names(dataset, data) or ()), *map(str, data)}
    begins: defaultdict[PurePosixPath, set[str]] = defaultdict(set)
    for partition in map(PurePosixPath, known):
        begins[partition.parent].add(partition.name.partition(".")[0])
    found: list[Path] = []
    for parent, own in begins.items():
        subfolder = folder / parent
        # A generator node saves thousands of partitions one by one, so most names are of others:
        # of those no path is made.
        for name in os.listdir(subfolder) if subfolder.is_dir() else ():  # noqa: PTH208
            if name.partition(".")[0] in own and belongs_to((parent / name).as_posix(), known):
                path = subfolder / name
                found += path.rglob("*") if path.is_dir() else [path]
    return found


def belongs_to(file: str, partitions: AbstractSet[str]) -> bool:
    """Whether a file is one of the partitions, a version of one, or a further file of one.

    Args:
        file: The file's path in the dataset's folder.
        partitions: The names of the partitions, with or without a suffix.

    Example:
        >>> belongs_to("deep/b.csv.crc", {"deep/b.csv"}), belongs_to("a2.csv", {"a"})
        (True, False)
    """
    return file in partitions or any(
        file[: end.start()] in partitions for end in _NAME_ENDS.finditer(file)
    )
