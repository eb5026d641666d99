"""Datasets whose names lead to the same local file, as ``a/b`` and ``a_b`` do."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from ..errors import ConfigError
from ..utils.pipeline_info import untranscoded
from .tracked import TrackedDataset

_IGNORES_CASE = sys.platform in {"darwin", "win32"}


def check(
    datasets: Mapping[str, TrackedDataset],
    saved: AbstractSet[str],
    *,
    ignores_case: bool = _IGNORES_CASE,
) -> None:
    """Raise an error if two datasets of a pipeline have the same default file.

    Args:
        datasets: The MLflow datasets of the pipeline, by their names.
        saved: The names of all datasets that the pipeline saves.
        ignores_case: Whether ``a`` and ``A`` are one file, as they usually are on Windows and
            macOS.

    Raises:
        ConfigError: Two datasets have the same file; the message names both.
    """
    owners: dict[str, tuple[str, TrackedDataset]] = {}
    for name, dataset in sorted(datasets.items()):
        path = dataset.default_path()
        if path is None:
            continue
        other, owner = owners.setdefault(path.lower() if ignores_case else path, (name, dataset))
        is_one = untranscoded(other) == untranscoded(name) or owner.key() == dataset.key()
        if not is_one and not saved.isdisjoint({other, name}):
            raise ConfigError(
                f"'{other}' and '{name}' in the catalog have the same local file, {path}, because "
                "of their names. Give one of them another `filepath`, or another name."
            )
