"""``mlflow_hooks``: all hooks at once, configured by mlflow.yml."""

from __future__ import annotations

from .artifacts import MLflowArtifactsLoggerHook
from .base import TrackingHook
from .basic import MLflowBasicLoggerHook
from .catalog import MLflowCatalogLoggerHook
from .env_vars import MLflowEnvVarsLoggerHook
from .inputs import MLflowInputsLoggerHook
from .time import MLflowTimeLoggerHook


def mlflow_hooks() -> tuple[TrackingHook, ...]:
    """Give the six hooks, for ``HOOKS`` in a project's settings.py.

    Example:
        >>> HOOKS = mlflow_hooks()
        >>> len(HOOKS)
        6
    """
    return (
        MLflowBasicLoggerHook(),
        MLflowCatalogLoggerHook(),
        MLflowInputsLoggerHook(),
        MLflowArtifactsLoggerHook(),
        MLflowEnvVarsLoggerHook(),
        MLflowTimeLoggerHook(),
    )
