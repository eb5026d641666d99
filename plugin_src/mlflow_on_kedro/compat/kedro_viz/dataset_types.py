"""The types of datasets that Kedro-Viz's experiment tracking showed, in all their spellings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["metrics", "json", "plot"]
"""Kedro-Viz's groups: numbers with a timeline, any other values, and figures."""

# https://github.com/kedro-org/kedro-viz/blob/v10.2.0/package/kedro_viz/models/experiment_tracking.py
_KINDS: Mapping[str, Kind] = {
    "tracking.MetricsDataset": "metrics",
    "tracking.JSONDataset": "json",
    "plotly.PlotlyDataset": "plot",
    "plotly.JSONDataset": "plot",
    "matplotlib.MatplotlibWriter": "plot",
    "matplotlib.MatplotlibDataset": "plot",
}
_PACKAGES = ("kedro_datasets.", "kedro.extras.datasets.")
_OURS: Mapping[Kind, str] = {
    "metrics": f"{__package__}.datasets.MetricsDataset",
    "json": f"{__package__}.datasets.JSONDataset",
}


def kind_of(dataset_type: Any) -> Kind | None:
    """Return how Kedro-Viz showed datasets of a type; None: it did not.

    Args:
        dataset_type: ``type`` of a catalog entry.

    Example:
        >>> kind_of("kedro.extras.datasets.tracking.MetricsDataSet")
        'metrics'
        >>> kind_of("tracking.json_dataset.JSONDataset"), kind_of("json.JSONDataset")
        ('json', None)
    """
    if not isinstance(dataset_type, str):
        return None
    for package in _PACKAGES:
        dataset_type = dataset_type.removeprefix(package)
    parts = dataset_type.replace("DataSet", "Dataset").split(".")
    return _KINDS.get(f"{parts[0]}.{parts[-1]}")


def without_kedro_datasets(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replace the type of a tracking dataset, which kedro-datasets 7 removed, by this plugin's.

    Args:
        entry: A catalog entry; one of another type is returned unchanged.

    Example:
        >>> entry = {"type": "tracking.MetricsDataset", "filepath": "data/09_tracking/m.json"}
        >>> without_kedro_datasets(entry)["type"]
        'mlflow_on_kedro.compat.kedro_viz.datasets.MetricsDataset'
    """
    kind = kind_of(entry.get("type"))
    ours = _OURS.get(kind) if kind is not None else None
    # Kedro 0.18 took `layer` here; Kedro 1 refuses it.
    return entry if ours is None else {**_without(entry, "layer"), "type": ours}


def _without(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}
