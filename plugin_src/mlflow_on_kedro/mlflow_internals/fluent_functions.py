"""Replacing MLflow's module-level functions, such as ``mlflow.start_run``, and client methods."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_MARK = "_is_of_mlflow_on_kedro"


def replace_function(name: str, replace: Callable[[Any], Any]) -> None:
    """Replace a function of MLflow, which is imported; only the first replacement counts.

    MLflow's own modules call its functions in ``mlflow.tracking.fluent``, users in ``mlflow``.

    Args:
        name: The function.
        replace: Takes the original function and returns the one to call instead.
    """
    import mlflow
    from mlflow.tracking import fluent

    for module in (fluent, mlflow):
        _replace(module, name, replace)


def replace_client_method(name: str, replace: Callable[[Any], Any]) -> None:
    """Do for a method of ``MlflowClient`` what :func:`replace_function` does for a function."""
    import mlflow

    _replace(mlflow.MlflowClient, name, replace)


def _replace(owner: Any, name: str, replace: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    if not hasattr(original, _MARK):
        replacement = functools.wraps(original)(replace(original))
        setattr(replacement, _MARK, True)
        setattr(owner, name, replacement)
