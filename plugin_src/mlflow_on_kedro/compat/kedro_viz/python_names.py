"""What Kedro-Viz's experiment tracking had for Python code, and what there is here instead."""

from __future__ import annotations

from collections.abc import Mapping

from .dataset_types import CLASSES

_PACKAGES = ("kedro_datasets.tracking", "kedro.extras.datasets.tracking")
MODULES = (*_PACKAGES, "kedro_viz.integrations.kedro.sqlite_store")
"""The modules of the experiment tracking; Kedro-Viz itself stays."""
_DATASETS = {
    "MetricsDataset": ("metrics_dataset", CLASSES["metrics"]),
    "JSONDataset": ("json_dataset", CLASSES["json"]),
}

IMPORTS: Mapping[str, str] = {
    f"{module}.{spelling}": here
    for package in _PACKAGES
    for name, (of, here) in _DATASETS.items()
    for module in (package, f"{package}.{of}")
    for spelling in (name, name.replace("Dataset", "DataSet"))
}
"""An imported name -> the name that can be imported in its place."""

ADVICE: Mapping[str, str] = {
    "SQLiteStore": "not needed, because each run is in MLflow: take SESSION_STORE_CLASS out of "
    "settings.py",
}
"""A name that cannot be replaced by itself -> what to write instead."""
