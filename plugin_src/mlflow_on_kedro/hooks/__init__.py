"""The hooks, one class a file."""

from __future__ import annotations

from .artifacts import MLflowArtifactsLoggerHook
from .basic import MLflowBasicLoggerHook
from .catalog import MLflowCatalogLoggerHook
from .catalog_dict import AddCatalogDictHook
from .datasets import MLflowDataSetsLoggerHook
from .env_vars import MLflowEnvVarsLoggerHook
from .inputs import MLflowInputsLoggerHook
from .io_time import MLflowIOTimeLoggerTransformer
from .pipeline_models import MLflowPipelineModelLoggerHook
from .registry import mlflow_hooks
from .time import MLflowTimeLoggerHook

# PipelineX's other name for the same class.
MLflowOutputsLoggerHook = MLflowDataSetsLoggerHook

__all__ = [
    "AddCatalogDictHook",
    "MLflowArtifactsLoggerHook",
    "MLflowBasicLoggerHook",
    "MLflowCatalogLoggerHook",
    "MLflowDataSetsLoggerHook",
    "MLflowEnvVarsLoggerHook",
    "MLflowIOTimeLoggerTransformer",
    "MLflowInputsLoggerHook",
    "MLflowOutputsLoggerHook",
    "MLflowPipelineModelLoggerHook",
    "MLflowTimeLoggerHook",
    "mlflow_hooks",
]
