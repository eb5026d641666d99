"""MLflow's stack of active runs, of which it keeps one for each thread.

MLflow has no public way to read or change it. This module is the one place that touches it; a test
fails when it moves.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _Here(threading.local):
    is_raw = False
    """Whether this thread sees the stack as it is without this plugin."""


_here = _Here()


def install(give: Callable[[list[Any]], list[Any]]) -> None:
    """Have MLflow, which is imported, read the stack through a function; once is enough.

    Args:
        give: Takes this thread's stack and returns what MLflow is to work with.
    """
    variable = _variable()
    if "get" in vars(variable):
        return
    real = variable.get
    variable.get = lambda: real() if _here.is_raw else give(real())


@contextlib.contextmanager
def raw() -> Iterator[None]:
    """Have MLflow's functions do for this thread what they do without this plugin."""
    before, _here.is_raw = _here.is_raw, True
    try:
        yield
    finally:
        _here.is_raw = before


def is_raw() -> bool:
    """Whether this thread is in a :func:`raw` block."""
    return _here.is_raw


def stack() -> list[Any]:
    """This thread's active runs as MLflow has them: what it was given, and what it has started."""
    with raw():
        return in_use()


def in_use() -> list[Any]:
    """This thread's active runs, the pipeline's among them."""
    found: list[Any] = _variable().get()
    return found


@contextlib.contextmanager
def exchanged(other: list[Any]) -> Iterator[None]:
    """Let this thread have the stack of another for the length of a block."""
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
    """The id of the run that was made the active one of this thread; does not import mlflow."""
    mlflow = sys.modules.get("mlflow")
    if mlflow is None or not hasattr(mlflow, "active_run"):
        return None
    found = stack()
    return str(found[-1].info.run_id) if found else None


def _variable() -> Any:
    from mlflow.tracking.fluent import _active_run_stack

    return _active_run_stack
