"""What kedro-mlflow has for Python code, and what there is here instead."""

from __future__ import annotations

from collections.abc import Mapping

from .catalog_entries import RULES

_FACTORY = "mlflow_on_kedro.compat.pipeline_ml_factory"

IMPORTS: Mapping[str, str] = {
    "kedro_mlflow.pipeline.pipeline_ml_factory": _FACTORY,
    "kedro_mlflow.pipeline.pipeline_ml_factory.pipeline_ml_factory": _FACTORY,
    # Before 0.2.
    "kedro_mlflow.pipeline.pipeline_ml.pipeline_ml_factory": _FACTORY,
}
"""An imported name -> the name that can be imported in its place."""

_HOOKS = "`mlflow_hooks()` of mlflow_on_kedro, in HOOKS of settings.py"
_CONFIG = "`context.mlflow`"

ADVICE: Mapping[str, str] = {
    **{name: f"`{rule.type}`, whose arguments the manual has" for name, rule in RULES.items()},
    "KedroPipelineModel": "`mlflow_on_kedro.MLflowPipelineModel`",
    "PipelineML": f"what `{_FACTORY}` returns",
    "pipeline_ml": f"`{_FACTORY}`",
    "MlflowHook": _HOOKS,
    "MlflowNodeHook": _HOOKS,
    "MlflowPipelineHook": _HOOKS,
    "mlflow_hook": _HOOKS,
    "get_mlflow_config": _CONFIG,
    "KedroMlflowConfig": _CONFIG,
}
"""A name that cannot be replaced by itself -> what to write instead."""
