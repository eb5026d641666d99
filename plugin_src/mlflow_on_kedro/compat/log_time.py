"""``mlflow_log_time``: the duration of any function as a metric, under PipelineX's name."""

from __future__ import annotations

import functools
import inspect
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar, cast

from ..utils.secrets import mask_secrets

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def mlflow_log_time(func: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that each call logs its duration.

    The metric ``__time_for_<name>``, in seconds, goes to the active run, which in a node is the
    pipeline's. Without one the duration is only in the log. Nodes need no decorator, because
    ``MLflowTimeLoggerHook`` logs their durations, so this is for the functions that they call.

    Args:
        func: The function; a generator function is measured from its first to its last item.

    Returns:
        The function with the same name and arguments.

    Example:
        >>> @mlflow_log_time
        ... def double(number):
        ...     return 2 * number
        >>> double(3)
        6
    """
    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def chunks(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
            begin = time.perf_counter()
            yield from func(*args, **kwargs)
            _log(func, time.perf_counter() - begin)

        return cast("Callable[P, R]", chunks)

    @functools.wraps(func)
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        begin = time.perf_counter()
        result = func(*args, **kwargs)
        _log(func, time.perf_counter() - begin)
        return result

    return timed


def _log(func: Callable[..., Any], seconds: float) -> None:
    name = getattr(func, "__name__", "") or f"{type(func).__name__}.__call__"
    logger.info("Running '%s' took %.3f s.", name, seconds)
    try:
        import mlflow

        if mlflow.active_run() is not None:  # without one log_metric would start a run
            mlflow.log_metric(f"__time_for_{name}", seconds)
    except Exception as error:
        logger.warning(
            "The duration of '%s' is not logged to MLflow. (%s: %s)",
            name,
            type(error).__name__,
            mask_secrets(str(error)),
        )
