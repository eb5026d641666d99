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
CLASSES: Mapping[Kind, str] = {
    "metrics": "mlflow_on_kedro.compat.MetricsDataset",
    "json": "mlflow_on_kedro.compat.JSONDataset",
}
"""The classes here that replace the tracking datasets."""
_KINDS_HERE: Mapping[str, Kind] = {
    **{path: kind for kind, path in CLASSES.items()},
    # As Kedro writes them into a catalog.
    f"{__package__}.datasets.MetricsDataset": "metrics",
    f"{__package__}.datasets.JSONDataset": "json",
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
    if dataset_type in _KINDS_HERE:
        return _KINDS_HERE[dataset_type]
    for package in _PACKAGES:
        dataset_type = dataset_type.removeprefix(package)
    parts = dataset_type.replace("DataSet", "Dataset").split(".")
    return _KINDS.get(f"{parts[0]}.{parts[-1]}")
