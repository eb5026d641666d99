"""``mlflow_hooks``: all hooks at once, configured by mlflow.yml."""

from __future__ import annotations

from .artifacts import MLflowArtifactsLoggerHook
from .base import TrackingHook
from .basic import MLflowBasicLoggerHook
from .catalog import MLflowCatalogLoggerHook
from .env_vars import MLflowEnvVarsLoggerHook
from .inputs import MLflowInputsLoggerHook
from .pipeline_models import MLflowPipelineModelLoggerHook
from .time import MLflowTimeLoggerHook


def mlflow_hooks() -> tuple[TrackingHook, ...]:
    """Give all hooks, for ``HOOKS`` in a project's settings.py.

    Example:
        >>> HOOKS = mlflow_hooks()
        >>> len(HOOKS)
        7
    """
    return (
        MLflowBasicLoggerHook(),
        MLflowCatalogLoggerHook(),
        MLflowInputsLoggerHook(),
        MLflowArtifactsLoggerHook(),
        MLflowEnvVarsLoggerHook(),
        MLflowTimeLoggerHook(),
        MLflowPipelineModelLoggerHook(),
    )
