"""Names and files of other plugins, for projects that used them before."""

from __future__ import annotations

from typing import Any

__all__ = ["pipeline_ml_factory"]


def __getattr__(name: str) -> Any:
    # Imported when it is used: the configuration reads this package in each `kedro` command.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .kedro_mlflow.pipeline_ml import pipeline_ml_factory

    return pipeline_ml_factory
