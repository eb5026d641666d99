"""Datasets whose names give them one local file, as ``a/b`` and ``a_b``: each would load both."""

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
    """Refuse two datasets of a pipeline with one local file that neither was given.

    Args:
        datasets: The MLflow datasets of the pipeline, by their names.
        saved: The names of all datasets that the pipeline saves.
        ignores_case: Whether ``a`` and ``A`` are one file, as they usually are on Windows and
            macOS.

    Raises:
        ConfigError: The message names both, and says what to do.
    """
    owners: dict[str, tuple[str, TrackedDataset]] = {}
    for name, dataset in sorted(datasets.items()):
        place = dataset.usual_place()
        if place is None:
            continue
        other, owner = owners.setdefault(place.lower() if ignores_case else place, (name, dataset))
        is_one = untranscoded(other) == untranscoded(name) or owner.key() == dataset.key()
        if not is_one and not saved.isdisjoint({other, name}):
            raise ConfigError(
                f"'{other}' and '{name}' in the catalog have the same local file, {place}, because "
                "of their names. Give one of them another `filepath`, or another name."
            )
