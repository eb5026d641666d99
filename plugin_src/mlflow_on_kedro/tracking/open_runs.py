"""The pipelines' runs that are open in this process, and which of them a thread belongs to.

A thread that runs a node belongs to the node's run, and the one that runs the pipeline to its run.
Any other thread, such as one that a node or a hook has started, belongs to the run that was opened
last. The plugin's own calls of MLflow, and
what they cause, belong to none.
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
"""How the names of the plugin's own threads begin."""


class _Here(threading.local):
    """What this thread does for runs.

    Attributes:
        runs: Those whose nodes it runs, the innermost last.
        pipelines: Those whose pipelines it runs, as far as they are open.
        is_bypassed: Whether it speaks for the plugin itself.
    """

    def __init__(self) -> None:
        self.runs: list[TrackedRun] = []
        self.pipelines: list[weakref.ref[TrackedRun]] = []
        self.is_bypassed = threading.current_thread().name.startswith(OWN_THREADS)


here = _Here()
_open: list[weakref.ref[TrackedRun]] = []


def begin(run: TrackedRun) -> None:
    """Have the threads of this process belong to a run, this one in the first place."""
    _forget(run)
    _open.append(weakref.ref(run))
    here.pipelines.append(_open[-1])


def end(run: TrackedRun) -> None:
    """Undo :func:`begin`, and let go of nodes that were interrupted."""
    _forget(run)
    here.runs[:] = [one for one in here.runs if one is not run]


def _forget(run: TrackedRun) -> None:
    _open[:] = [one for one in list(_open) if one() not in {run, None}]
    here.pipelines[:] = [one for one in here.pipelines if one in _open]


def current() -> TrackedRun | None:
    """The run that this thread belongs to; None for the plugin's own calls, and without a run."""
    return None if here.is_bypassed else nearest()


def nearest() -> TrackedRun | None:
    """The run that this thread belongs to, also in the plugin's own calls."""
    if here.runs:
        return here.runs[-1]
    opened = list(_open)
    mine = [one for one in here.pipelines if one in opened]
    return next((run for one in reversed([*opened, *mine]) if (run := one()) is not None), None)


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """Speak to the server directly for the length of a block: the plugin's own deliveries."""
    before, here.is_bypassed = here.is_bypassed, True
    try:
        yield
    finally:
        here.is_bypassed = before


def as_own(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function one of the plugin's own calls."""

    @functools.wraps(call)
    def own(*args: Any, **named: Any) -> Any:
        with bypassed():
            return call(*args, **named)

    return own
