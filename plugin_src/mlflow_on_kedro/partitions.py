"""The files of Kedro's `PartitionedDataset` and `IncrementalDataset`, without importing them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kedro.io import AbstractDataset

from .formats import AnyDataset

_CLASS = "PartitionedDataset"
_ENDS = re.compile(r"[./]")


def is_partitioned(dataset: AnyDataset) -> bool:
    """Whether a dataset, or the one within it, keeps each item of a dict in a file of its own."""
    return any(base.__name__ == _CLASS for base in type(_inner(dataset)).__mro__)


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
    suffix = getattr(_inner(dataset), "_filename_suffix", "")
    return tuple(f"{name}{suffix}" for name in sorted(map(str, data)))


def belongs_to(file: str, partitions: Iterable[str]) -> bool:
    """Whether a file is a partition, lies in one with versions, or lies beside it as a part of it.

    Args:
        file: Its path from the dataset's folder.
        partitions: Their names, with or without an extension.

    Example:
        >>> belongs_to("deep/b.csv.crc", {"deep/b.csv"}), belongs_to("a2.csv", {"a"})
        (True, False)
    """
    known = set(partitions)
    return file in known or any(file[: end.start()] in known for end in _ENDS.finditer(file))


def _inner(dataset: AnyDataset) -> AnyDataset:
    within = getattr(dataset, "_dataset", None)  # of a `CachedDataset`
    return _inner(within) if isinstance(within, AbstractDataset) else dataset
