"""MLflow's asynchronous logging: its queue, and what its calls return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from . import store_registries

QUEUE_THREAD = "MLflowAsyncLoggingLoop"
"""The name of the thread by which MLflow sends values later."""


def finished() -> Any:
    """Return what an asynchronous call returns that has nothing left to wait for."""
    from mlflow.utils.async_logging.run_operations import RunOperations

    return RunOperations([])  # type: ignore[no-untyped-call]


def waiting(wait: Callable[[], None]) -> Any:
    """Return what an asynchronous call returns; its own ``wait()`` calls a function."""
    from mlflow.utils.async_logging.run_operations import RunOperations

    return RunOperations([_Waiting(wait)])  # type: ignore[no-untyped-call]


def failed(error: Exception) -> Any:
    """Return what an asynchronous call returns that MLflow has refused; waiting for it raises."""

    def raise_error() -> None:
        raise error

    return waiting(raise_error)


class _Waiting:
    """As much of a future as MLflow uses."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self.result = wait


def finish() -> None:
    """Send all values that wait in MLflow's queue, if there is one, and end its thread."""
    if any(thread.name == QUEUE_THREAD for thread in threading.enumerate()):
        store_registries.tracking_store().shut_down_async_logging()
