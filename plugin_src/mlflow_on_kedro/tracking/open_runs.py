"""The pipelines' runs that are open in this process, and the run that each thread belongs to.

A thread that runs a node belongs to the node's run, and the thread that runs the pipeline to the
pipeline's run. Any other thread, such as one that a node or a hook has started, belongs to the run
that was opened last; with ``run.children`` to the child run of the node that has started it. The
plugin's own calls of MLflow belong to no run.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from typing import TYPE_CHECKING, Any

from . import own_calls

if TYPE_CHECKING:
    from .tracked_run import TrackedRun


class _Here(threading.local):
    """The runs that this thread works on.

    Attributes:
        runs: The runs whose nodes it runs, the innermost last.
        pipelines: The open runs whose pipelines it runs.
    """

    def __init__(self) -> None:
        self.runs: list[TrackedRun] = []
        self.pipelines: list[weakref.ref[TrackedRun]] = []


here = _Here()
_open: list[weakref.ref[TrackedRun]] = []
_at_work: list[TrackedRun] = []
"""The runs whose nodes run now, one for each node."""
_STARTER = "_node_run_of_mlflow_on_kedro"


def begin(run: TrackedRun) -> None:
    """Make the threads of this process belong to a run, and this thread before all others."""
    _forget(run)
    _open.append(weakref.ref(run))
    here.pipelines.append(_open[-1])


def end(run: TrackedRun) -> None:
    """Undo :func:`begin`, also for nodes that were interrupted."""
    _forget(run)
    for runs in (here.runs, _at_work):
        runs[:] = [one for one in runs if one.whole is not run]


def begin_node(run: TrackedRun) -> None:
    """Have this thread belong to the run of the node that it runs."""
    if run.whole is not run:
        _note_starters()
    here.runs.append(run)
    _at_work.append(run)


def end_node(run: TrackedRun) -> None:
    """Undo :func:`begin_node`."""
    for runs in (here.runs, _at_work):
        with contextlib.suppress(ValueError):  # the run has ended meanwhile
            runs.remove(run)


def _forget(run: TrackedRun) -> None:
    _open[:] = [one for one in list(_open) if one() not in {run, None}]
    here.pipelines[:] = [one for one in here.pipelines if one in _open]


def current() -> TrackedRun | None:
    """Return the run that this thread belongs to; None if its calls are the plugin's own."""
    return None if own_calls.are_bypassed() else nearest()


def nearest() -> TrackedRun | None:
    """Return the run that this thread belongs to, even if its calls are the plugin's own."""
    if here.runs:
        return here.runs[-1]
    opened = list(_open)
    mine = [one for one in here.pipelines if one in opened]
    found = next((run for one in reversed([*opened, *mine]) if (run := one()) is not None), None)
    at_work = {id(run): run for run in list(_at_work) if run.whole is found and not mine}
    starter = _starter()
    if starter is None or id(starter) not in at_work:
        starter = next(iter(at_work.values())) if len(at_work) == 1 else None
    return starter or found


def _starter() -> TrackedRun | None:
    """The run of the node that has started this thread, if that was noted."""
    noted = getattr(threading.current_thread(), _STARTER, None)
    return noted() if noted is not None else None


def _note_starters() -> None:
    """Note of each thread from now on which node has started it; once is enough.

    Python has no way to ask, and nodes of several child runs may run in one process at once.
    """
    threads: Any = threading.Thread
    real = threads.start
    if hasattr(real, _STARTER):
        return

    @functools.wraps(real)
    def start(thread: threading.Thread) -> None:
        run = here.runs[-1] if here.runs else _starter()
        if run is not None:
            setattr(thread, _STARTER, weakref.ref(run))
        real(thread)

    setattr(start, _STARTER, None)
    threads.start = start
