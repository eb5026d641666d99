"""MLflow's stack of active runs, of which each thread has its own.

MLflow has no public way to read the whole stack or to change it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _ThreadState(threading.local):
    sees_original = False
    """Whether this thread sees the stack as MLflow has it, without :func:`install`'s function."""


_thread_state = _ThreadState()


def install(transform: Callable[[list[Any]], list[Any]]) -> None:
    """Have MLflow, once imported, read the stack through a function; only the first call counts.

    Args:
        transform: Takes this thread's stack and returns the one that MLflow is to use.
    """
    variable = _variable()
    if "get" in vars(variable):
        return
    original = variable.get
    variable.get = lambda: original() if _thread_state.sees_original else transform(original())


@contextlib.contextmanager
def original_stack() -> Iterator[None]:
    """Have MLflow's functions behave in this thread as they do without this plugin."""
    before, _thread_state.sees_original = _thread_state.sees_original, True
    try:
        yield
    finally:
        _thread_state.sees_original = before


def is_original() -> bool:
    """Whether this thread is in an :func:`original_stack` block."""
    return _thread_state.sees_original


def stack() -> list[Any]:
    """Return the active runs that MLflow has for this thread; changing the list changes them."""
    with original_stack():
        return transformed_stack()


def transformed_stack() -> list[Any]:
    """Return this thread's active runs as MLflow's functions see them."""
    found: list[Any] = _variable().get()
    return found


@contextlib.contextmanager
def exchanged(other: list[Any]) -> Iterator[None]:
    """Give this thread the stack of another thread for the length of a block."""
    variable, mine = _variable(), stack()
    variable.set(other)
    try:
        yield
    finally:
        variable.set(mine)


def new_active_run(run: Any) -> Any:
    """Make MLflow's ``ActiveRun`` of its ``Run``."""
    from mlflow.tracking.fluent import ActiveRun

    return ActiveRun(run)  # type: ignore[no-untyped-call]


def active_run_id() -> str | None:
    """Return the id of this thread's active run, if there is one; MLflow is not imported for it."""
    mlflow = sys.modules.get("mlflow")
    if mlflow is None or not hasattr(mlflow, "active_run"):
        return None
    found = stack()
    return str(found[-1].info.run_id) if found else None


def _variable() -> Any:
    from mlflow.tracking.fluent import _active_run_stack

    return _active_run_stack
