"""The pipelines' runs that are open in this process, and the run that each thread belongs to.

A thread that runs a node belongs to the node's run, and the thread that runs the pipeline to the
pipeline's run. Any other thread, such as one that a node or a hook has started, belongs to the run
that was opened last. The plugin's own calls of MLflow belong to no run.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tracked_run import TrackedRun

OWN_THREADS = "mlflow_on_kedro "
"""The prefix of the names of the plugin's own threads."""


class _Here(threading.local):
    """The runs that this thread works on.

    Attributes:
        runs: The runs whose nodes it runs, the innermost last.
        pipelines: The open runs whose pipelines it runs.
        is_bypassed: Whether its calls of MLflow are the plugin's own.
    """

    def __init__(self) -> None:
        self.runs: list[TrackedRun] = []
        self.pipelines: list[weakref.ref[TrackedRun]] = []
        self.is_bypassed = threading.current_thread().name.startswith(OWN_THREADS)


here = _Here()
_open: list[weakref.ref[TrackedRun]] = []


def begin(run: TrackedRun) -> None:
    """Make the threads of this process belong to a run, and this thread before all others."""
    _forget(run)
    _open.append(weakref.ref(run))
    here.pipelines.append(_open[-1])


def end(run: TrackedRun) -> None:
    """Undo :func:`begin`, also for nodes that were interrupted."""
    _forget(run)
    here.runs[:] = [one for one in here.runs if one is not run]


def _forget(run: TrackedRun) -> None:
    _open[:] = [one for one in list(_open) if one() not in {run, None}]
    here.pipelines[:] = [one for one in here.pipelines if one in _open]


def current() -> TrackedRun | None:
    """Return the run that this thread belongs to; None if its calls are the plugin's own."""
    return None if here.is_bypassed else nearest()


def nearest() -> TrackedRun | None:
    """Return the run that this thread belongs to, even if its calls are the plugin's own."""
    if here.runs:
        return here.runs[-1]
    opened = list(_open)
    mine = [one for one in here.pipelines if one in opened]
    return next((run for one in reversed([*opened, *mine]) if (run := one()) is not None), None)


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """In a block, make calls of MLflow the plugin's own: they go to the server directly."""
    before, here.is_bypassed = here.is_bypassed, True
    try:
        yield
    finally:
        here.is_bypassed = before


def as_own(call: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that its calls of MLflow are the plugin's own."""

    @functools.wraps(call)
    def own(*args: Any, **named: Any) -> Any:
        with bypassed():
            return call(*args, **named)

    return own
