"""MLflow's asynchronous logging: its queue, and what its calls return."""

from __future__ import annotations

import threading
from typing import Any

from . import store_registries

QUEUE_THREAD = "MLflowAsyncLoggingLoop"
"""The name of the thread by which MLflow sends values later."""


def finished() -> Any:
    """Return what an asynchronous call returns that has nothing left to wait for."""
    from mlflow.utils.async_logging.run_operations import RunOperations

    return RunOperations([])  # type: ignore[no-untyped-call]


def finish() -> None:
    """Send all values that wait in MLflow's queue, if there is one, and end its thread."""
    if any(thread.name == QUEUE_THREAD for thread in threading.enumerate()):
        store_registries.tracking_store().shut_down_async_logging()
