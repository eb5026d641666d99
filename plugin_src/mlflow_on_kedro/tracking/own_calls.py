"""The plugin's own calls of MLflow, which go to the server directly and belong to no run."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

OWN_THREADS = "mlflow_on_kedro "
"""The prefix of the names of the plugin's own threads."""


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.is_bypassed = threading.current_thread().name.startswith(OWN_THREADS)


_thread = _ThreadState()


def are_bypassed() -> bool:
    """Whether the calls of MLflow in this thread are the plugin's own at present."""
    return _thread.is_bypassed


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """In a block, make calls of MLflow the plugin's own."""
    before, _thread.is_bypassed = _thread.is_bypassed, True
    try:
        yield
    finally:
        _thread.is_bypassed = before


def as_own(call: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that its calls of MLflow are the plugin's own."""

    @functools.wraps(call)
    def own(*args: Any, **named: Any) -> Any:
        with bypassed():
            return call(*args, **named)

    return own
