"""MLflow's stack of active runs, at whose bottom is the pipeline's run.

MLflow keeps a stack for each thread. Where it is empty, in a thread, in a fork, after
``mlflow.end_run()``, the next call of MLflow's starts a run beside the pipeline's. While a pipeline
runs, an empty stack has its run instead, so this holds for hooks, datasets, nodes, and the threads
and forks that they start, whichever runner there is.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import mlflow_globals, run_stack
from ...mlflow_internals.run_stack import raw, stack
from ...tracking import open_runs
from . import node_mlflow_calls

if TYPE_CHECKING:
    from ...journal.records import Opened
    from ...tracking.tracked_run import TrackedRun

PARENT_TAG = "mlflow.parentRunId"
_MARK = "_is_of_mlflow_on_kedro"
"""On an active run that was given: the journal of the pipeline's run."""


class _Here(threading.local):
    """What this thread does with its stack."""

    has_ended = False
    """It has called ``mlflow.end_run()``, and nothing that needs a run since then.

    Whatever runs next in it, a node or a pipeline, has not."""


here = _Here()


class _Given:
    """A stack that was given a pipeline's run."""

    def __init__(self, stack: list[Any]) -> None:
        self.stack = stack
        self._thread = threading.current_thread()
        self._pid = os.getpid()

    def is_left(self) -> bool:
        """Whether its thread has ended."""
        return not self._thread.is_alive() or not self.ishere()

    def ishere(self) -> bool:
        """Whether its thread is of this process, and not of the one that has forked it."""
        return self._pid == os.getpid()

    def below(self, run: TrackedRun) -> set[int]:
        """The ``id`` of each active run below a pipeline's run; of all if it was not given."""
        places = [place for place, active in enumerate(self.stack) if is_given(run, active)]
        return {id(active) for active in self.stack[: places[0] if places else None]}


_given: list[_Given] = []
_ends_with_process: set[tuple[str, int]] = set()


def install(make: Callable[[TrackedRun], Any]) -> None:
    """Have MLflow, which is imported, use the pipeline's run; once is enough.

    Args:
        make: Makes MLflow's active run of a pipeline's for this thread; None: it shall have none.
    """
    run_stack.install(functools.partial(_give_to, make))


def give(run: TrackedRun, opened: Opened) -> Any:
    """Make MLflow's active run of a pipeline's."""
    active = run_stack.new_active_run(node_mlflow_calls.as_entity(run, opened))
    setattr(active, _MARK, run.whole.journal_id)
    return active


def is_given(run: TrackedRun, active: Any) -> bool:
    """Whether an active run was given for a pipeline's, and not started by somebody."""
    of = getattr(active, _MARK, None)
    is_child = of == run.journal_id  # one of `run.children`, or this run
    return of is not None and (is_child or node_mlflow_calls.is_own(run, active.info.run_id))


def take_given(run: TrackedRun) -> list[Any]:
    """Take the pipeline's run from this thread's stack, if nothing else is on it.

    Args:
        run: A child run of the pipeline's, to be the only one that the thread is given.

    Returns:
        What was taken.
    """
    mine = stack()
    taken = mine[:] if all(is_given(run.whole, active) for active in mine) else []
    del mine[: len(taken)]
    return taken


def push(active: Any) -> None:
    """Make a run the active one of this thread."""
    mine = stack()
    mine.append(active)
    _note(mine)


def shrink(run: TrackedRun, kept: Collection[int], status: str) -> None:
    """Take from this thread's stack what has come since, and end what somebody has left open.

    MLflow does so when a process ends.

    Args:
        run: The pipeline's run, which is taken away but not ended.
        kept: The ``id`` of each active run that stays.
        status: How the others end.
    """
    import mlflow

    runs = stack()
    while runs and id(runs[-1]) not in kept:
        if is_given(run, runs[-1]):
            runs.pop()
            continue
        before = len(runs)
        with contextlib.suppress(Exception), raw():  # of a server that is away
            mlflow.end_run(status)
        if len(runs) == before:
            return


def remove(run: TrackedRun, status: str) -> None:
    """Take a run from the stacks of all threads, and end what was left open above it.

    Args:
        run: The pipeline's run.
        status: How that ends.
    """
    mine = _Given(stack())
    shrink(run, mine.below(run), status)
    shrink_others(run, status, of_all=True)


def shrink_others(run: TrackedRun, status: str, *, of_all: bool) -> None:
    """Do as :func:`shrink` for the stacks of other threads.

    Args:
        run: The pipeline's run.
        status: How the runs end that were left open above it.
        of_all: Whether also for threads that go on.
    """
    mine = stack()
    for given in _given:
        if given.stack is mine or not given.ishere() or not (of_all or given.is_left()):
            continue
        with run_stack.exchanged(given.stack):  # MLflow ends runs of the thread that asks
            shrink(run, given.below(run), status)
    _given[:] = [given for given in _given if given.stack and not given.is_left()]


def _note(stack: list[Any]) -> None:
    if not any(given.stack is stack for given in _given):
        _given.append(_Given(stack))


def _give_to(make: Callable[[TrackedRun], Any], found: list[Any]) -> list[Any]:
    """Put the pipeline's run into this thread's stack, if that is empty."""
    run = open_runs.current()
    if run is None:
        return found
    if mlflow_globals.other_uri() is not None:
        if len(found) == 1 and is_given(run, found[0]):
            found.clear()
        if mlflow_globals.is_own_experiment():  # which is none of that store's
            mlflow_globals.use_experiment(None)
        return found
    if found:
        return found
    with raw(), run.guard():
        active = make(run)
        if active is not None:
            here.has_ended = False
            found.append(active)
            _note(found)
            if run.in_worker:
                _end_with_process(run)
    return found


def _end_with_process(run: TrackedRun) -> None:
    """Have what a node's own process leaves open end with it; MLflow is not told of such an end."""
    # Python has no public way: `atexit` is passed by. Its own queues and managers go this way.
    from multiprocessing.util import Finalize

    key = (run.journal_id, os.getpid())
    if key not in _ends_with_process:
        _ends_with_process.add(key)
        Finalize(None, _end_process, (run,), exitpriority=10)


def _end_process(run: TrackedRun) -> None:
    with run.guard():
        remove(run, "FINISHED")
        node_mlflow_calls.collect(run)
        run.settle()
