"""MLflow for Kedro pipelines: datasets and hooks, and not a line of MLflow code in a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dataset import MLflowDataset
from .errors import ConfigError, MLflowOnKedroError, ValueTooLongError
from .hooks import (
    AddCatalogDictHook,
    MLflowArtifactsLoggerHook,
    MLflowBasicLoggerHook,
    MLflowCatalogLoggerHook,
    MLflowDataSetsLoggerHook,
    MLflowEnvVarsLoggerHook,
    MLflowInputsLoggerHook,
    MLflowIOTimeLoggerTransformer,
    MLflowOutputsLoggerHook,
    MLflowPipelineModelLoggerHook,
    MLflowTimeLoggerHook,
    mlflow_hooks,
)
from .model_dataset import MLflowModelDataset

if TYPE_CHECKING:
    from .dask_runner import DaskRunner

# PipelineX's spelling of the same class.
MLflowDataSet = MLflowDataset

__all__ = [
    "AddCatalogDictHook",
    "ConfigError",
    "DaskRunner",
    "MLflowArtifactsLoggerHook",
    "MLflowBasicLoggerHook",
    "MLflowCatalogLoggerHook",
    "MLflowDataSet",
    "MLflowDataSetsLoggerHook",
    "MLflowDataset",
    "MLflowEnvVarsLoggerHook",
    "MLflowIOTimeLoggerTransformer",
    "MLflowInputsLoggerHook",
    "MLflowModelDataset",
    "MLflowOnKedroError",
    "MLflowOutputsLoggerHook",
    "MLflowPipelineModelLoggerHook",
    "MLflowTimeLoggerHook",
    "ValueTooLongError",
    "mlflow_hooks",
]


def __getattr__(name: str) -> Any:
    # Kedro's runners set up logging when they are imported, so that waits until one is asked for.
    if name == "DaskRunner":
        from .dask_runner import DaskRunner

        return DaskRunner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
