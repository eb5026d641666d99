"""Names and files of other plugins, for projects that used them before."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["JSONDataset", "MetricsDataset", "pipeline_ml_factory"]

_MODULES = {
    "JSONDataset": "kedro_viz.datasets",
    "MetricsDataset": "kedro_viz.datasets",
    "pipeline_ml_factory": "kedro_mlflow.pipeline_ml",
}


def __getattr__(name: str) -> Any:
    # Imported when it is used: the configuration reads this package in each `kedro` command.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
