"""MLflow for Kedro pipelines: datasets and hooks, and not a line of MLflow code in a node."""

from __future__ import annotations

from .dataset import MLflowDataset
from .errors import ConfigError, MLflowOnKedroError, ValueTooLongError
from .hooks import (
    AddCatalogDictHook,
    MLflowArtifactsLoggerHook,
    MLflowBasicLoggerHook,
    MLflowCatalogLoggerHook,
    MLflowDataSetsLoggerHook,
    MLflowEnvVarsLoggerHook,
    MLflowIOTimeLoggerTransformer,
    MLflowOutputsLoggerHook,
    MLflowTimeLoggerHook,
    mlflow_hooks,
)
from .model_dataset import MLflowModelDataset

# PipelineX's spelling of the same class.
MLflowDataSet = MLflowDataset

__all__ = [
    "AddCatalogDictHook",
    "ConfigError",
    "MLflowArtifactsLoggerHook",
    "MLflowBasicLoggerHook",
    "MLflowCatalogLoggerHook",
    "MLflowDataSet",
    "MLflowDataSetsLoggerHook",
    "MLflowDataset",
    "MLflowEnvVarsLoggerHook",
    "MLflowIOTimeLoggerTransformer",
    "MLflowModelDataset",
    "MLflowOnKedroError",
    "MLflowOutputsLoggerHook",
    "MLflowTimeLoggerHook",
    "ValueTooLongError",
    "mlflow_hooks",
]
