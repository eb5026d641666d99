"""MLflow for Kedro pipelines: datasets and hooks, and not a line of MLflow code in a node."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .clusters.dask_runner import DaskRunner
    from .clusters.ray_runner import RayRunner
    from .compat.log_time import mlflow_log_time
    from .datasets.evaluation import MLflowEvaluation
    from .datasets.evaluation_dataset import MLflowEvaluationDataset
    from .datasets.mlflow_dataset import MLflowDataset
    from .datasets.mlflow_dataset import MLflowDataset as MLflowDataSet
    from .datasets.model_dataset import MLflowModelDataset
    from .datasets.prompt_dataset import MLflowPromptDataset
    from .errors import ConfigError, MLflowOnKedroError, UnloggedValueError, ValueTooLongError
    from .hooks.artifacts import MLflowArtifactsLoggerHook
    from .hooks.basic import MLflowBasicLoggerHook
    from .hooks.catalog import MLflowCatalogLoggerHook
    from .hooks.catalog_dict import AddCatalogDictHook
    from .hooks.datasets import MLflowDataSetsLoggerHook, MLflowOutputsLoggerHook
    from .hooks.env_vars import MLflowEnvVarsLoggerHook
    from .hooks.inputs import MLflowInputsLoggerHook
    from .hooks.io_time import MLflowIOTimeLoggerTransformer
    from .hooks.pipeline_models import MLflowPipelineModelLoggerHook
    from .hooks.provenance import MLflowProvenanceLoggerHook
    from .hooks.registry import mlflow_hooks
    from .hooks.time import MLflowTimeLoggerHook
    from .pipeline_models.mlflow_pipeline_model import MLflowPipelineModel

__version__ = "0.2.0.dev0"

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
    "MLflowEvaluation",
    "MLflowEvaluationDataset",
    "MLflowIOTimeLoggerTransformer",
    "MLflowInputsLoggerHook",
    "MLflowModelDataset",
    "MLflowOnKedroError",
    "MLflowOutputsLoggerHook",
    "MLflowPipelineModel",
    "MLflowPipelineModelLoggerHook",
    "MLflowPromptDataset",
    "MLflowProvenanceLoggerHook",
    "MLflowTimeLoggerHook",
    "RayRunner",
    "UnloggedValueError",
    "ValueTooLongError",
    "mlflow_hooks",
    "mlflow_log_time",
]

# The modules of the public names; `hooks` finds its own. All are imported when they are first used:
# each `kedro` command imports this package, and so does the process that sends to MLflow.
_MODULES = {
    "ConfigError": "errors",
    "DaskRunner": "clusters.dask_runner",
    "MLflowDataSet": "datasets.mlflow_dataset",
    "MLflowDataset": "datasets.mlflow_dataset",
    "MLflowEvaluation": "datasets.evaluation",
    "MLflowEvaluationDataset": "datasets.evaluation_dataset",
    "MLflowModelDataset": "datasets.model_dataset",
    "MLflowOnKedroError": "errors",
    "MLflowPipelineModel": "pipeline_models.mlflow_pipeline_model",
    "MLflowPromptDataset": "datasets.prompt_dataset",
    "RayRunner": "clusters.ray_runner",
    "UnloggedValueError": "errors",
    "ValueTooLongError": "errors",
    "mlflow_hooks": "hooks.registry",
    "mlflow_log_time": "compat.log_time",
}


def __getattr__(name: str) -> Any:
    if name not in __all__ and not name.endswith("Hook"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f".{_MODULES.get(name, 'hooks')}", __name__)
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
