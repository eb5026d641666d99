"""The files of Kedro's `PartitionedDataset` and `IncrementalDataset`, without importing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath
from typing import Any

from ..utils.kedro_internals import filename_suffix_of, unwrapped
from .formats import AnyDataset

_CLASS = "PartitionedDataset"
_ENDS = re.compile(r"[./]")


def is_partitioned(dataset: AnyDataset) -> bool:
    """Whether a dataset, or the one within it, keeps each item of a dict in a file of its own."""
    return any(base.__name__ == _CLASS for base in type(unwrapped(dataset)).__mro__)


def partition_names(dataset: AnyDataset, data: Any) -> tuple[str, ...] | None:
    """The names of the files in the dataset's folder that hold what was saved or loaded.

    Args:
        dataset: Any dataset.
        data: What was saved to it or loaded from it.

    Returns:
        None for a dataset without partitions.
    """
    if not is_partitioned(dataset) or not isinstance(data, Mapping):
        return None
    suffix = filename_suffix_of(unwrapped(dataset))
    return tuple(f"{name}{suffix}" for name in sorted(map(str, data)))


def partition_files(folder: Path, dataset: AnyDataset, data: Any) -> list[Path]:
    """What is there of the partitions that are saved, without looking through all the others.

    With a partition's versions, if it has any, and what its dataset writes beside it, as that of
    shapefiles does.

    Args:
        folder: The dataset's folder.
        dataset: A dataset with partitions.
        data: What is saved to it.
    """
    known = {*(partition_names(dataset, data) or ()), *map(str, data)}
    found: list[Path] = []
    for parent in {PurePosixPath(name).parent for name in known}:
        place = folder / parent
        for path in place.iterdir() if place.is_dir() else ():
            if belongs_to((parent / path.name).as_posix(), known):
                found += path.rglob("*") if path.is_dir() else [path]
    return found


def belongs_to(file: str, partitions: AbstractSet[str]) -> bool:
    """Whether a file is a partition, lies in one with versions, or lies beside it as a part of it.

    Args:
        file: Its path from the dataset's folder.
        partitions: Their names, with or without an extension.

    Example:
        >>> belongs_to("deep/b.csv.crc", {"deep/b.csv"}), belongs_to("a2.csv", {"a"})
        (True, False)
    """
    return file in partitions or any(
        file[: end.start()] in partitions for end in _ENDS.finditer(file)
    )
