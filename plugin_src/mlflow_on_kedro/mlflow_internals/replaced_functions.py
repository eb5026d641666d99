"""Replacing functions of MLflow, such as ``mlflow.start_run``, and methods of its objects."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_MARK = "_is_of_mlflow_on_kedro"

Replace = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Takes the original function and returns the one to call instead."""


def replace_function(name: str, replace: Replace) -> None:
    """Replace a function of MLflow, which is imported; only the first replacement counts.

    MLflow's own modules call its functions in ``mlflow.tracking.fluent``, users in ``mlflow``.
    """
    import mlflow
    from mlflow.tracking import fluent

    for module in (fluent, mlflow):
        replace_method(module, name, replace)


def replace_method(owner: Any, name: str, replace: Replace) -> None:
    """Replace a method of a class or object, if it has it; only the first replacement counts."""
    original = getattr(owner, name, None)
    if original is not None and not hasattr(original, _MARK):
        # MLflow looks at the signatures of some methods, which the replacement gets, too.
        replacement = functools.wraps(original)(replace(original))
        setattr(replacement, _MARK, True)
        setattr(owner, name, replacement)
