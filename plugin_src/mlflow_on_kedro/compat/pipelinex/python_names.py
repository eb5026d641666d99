"""What PipelineX has for Python code, and what there is here instead."""

from __future__ import annotations

from collections.abc import Mapping

from .catalog_entries import RULES
from .names import NAMES, PACKAGE

# Before version 0.5, and since.
_PLACES = (f"{PACKAGE}.extras", f"{PACKAGE}.mlflow_on_kedro")
_HOOKS, _DATASETS = "hooks.mlflow", "datasets.mlflow"
_MODULES: Mapping[str, str] = {
    "MLflowArtifactsLoggerHook": f"{_HOOKS}.mlflow_artifacts_logger",
    "MLflowBasicLoggerHook": f"{_HOOKS}.mlflow_basic_logger",
    "MLflowCatalogLoggerHook": f"{_HOOKS}.mlflow_catalog_logger",
    "MLflowDataSet": f"{_DATASETS}.mlflow_dataset",
    "MLflowDataSetsLoggerHook": f"{_HOOKS}.mlflow_datasets_logger",
    "MLflowEnvVarsLoggerHook": f"{_HOOKS}.mlflow_env_vars_logger",
    "MLflowIOTimeLoggerTransformer": "transformers.mlflow.mlflow_io_time_logger",
    "MLflowOutputsLoggerHook": f"{_HOOKS}.mlflow_datasets_logger",
    "MLflowTimeLoggerHook": f"{_HOOKS}.mlflow_time_logger",
    "mlflow_log_time": "decorators.mlflow_logger",
}

IMPORTS: Mapping[str, str] = {
    **{f"{PACKAGE}.{name}": here for name, here in NAMES.items()},
    **{
        f"{place}.{module}.{name}": NAMES[name]
        for place in _PLACES
        for name, of in _MODULES.items()
        for module in (of, of.rpartition(".")[0])
    },
    f"{PACKAGE}.extras.hooks.add_catalog_dict.AddCatalogDictHook": NAMES["AddCatalogDictHook"],
}
"""An imported name -> the name that can be imported in its place; it takes the same arguments."""

_CONTEXT = "a pipeline in pipeline_registry.py, without CONTEXT_CLASS in settings.py"

ADVICE: Mapping[str, str] = {
    **{name: f"`{rule.type}` of kedro-datasets" for name, rule in RULES.items() if rule.type},
    "AddTransformersHook": "not needed, because Kedro has no transformers any more: "
    "`MLflowIOTimeLoggerTransformer()` is a hook, to be put into HOOKS itself",
    "FlexibleContext": _CONTEXT,
    "FlexiblePipeline": "`kedro.pipeline.Pipeline`, whose nodes have functions",
    "HatchDict": "an object that a node makes from parameters, which are plain values",
}
"""A name that cannot be replaced by itself -> what to write instead."""

UNWRAPPED: Mapping[str, str] = {f"{PACKAGE}.AddTransformersHook": "transformers"}
"""A class that is not needed here -> its argument, whose items stand for themselves here."""
