"""Catalog entries of the tracking datasets, which kedro-datasets 7 removed, as entries here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..entry_change import EntryChange
from ..kedro_names import modern
from .dataset_types import CLASSES, kind_of


def translated(name: str, entry: Mapping[str, Any]) -> EntryChange | None:  # noqa: ARG001
    """Translate a catalog entry of a tracking dataset: it gets the class here of the same name.

    That one writes the same versioned JSON files to the same place, so sessions of before are still
    found through the catalog.

    Args:
        name: The dataset's name, or the pattern of a dataset factory.
        entry: The entry, which is not changed.

    Returns:
        None for an entry of another class.

    Example:
        >>> entry = {"type": "tracking.MetricsDataset", "filepath": "data/09_tracking/m.json"}
        >>> translated("m", entry).entry["type"]
        'mlflow_on_kedro.compat.MetricsDataset'
    """
    kind = kind_of(entry.get("type"))
    cls = CLASSES.get(kind) if kind is not None else None
    if cls is None or entry["type"] == cls:
        return None
    return EntryChange({**modern(entry), "type": cls})
