"""The pipeline's run at the bottom of MLflow's stack of active runs, in each thread.

MLflow has a stack for each thread. Where it is empty (in a new thread, in a fork, after
``mlflow.end_run()``), MLflow's next call would start a run of its own. While a pipeline runs, an
empty stack gets the pipeline's run instead. So whatever calls MLflow (hooks, datasets, nodes, and
the threads and forks that they start) logs to the pipeline's run, with any runner.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import mlflow_globals, run_stack
from ...mlflow_internals.run_stack import original_stack, stack
from ...tracking import open_runs
from . import node_end, placeholder_run

if TYPE_CHECKING:
    from ...journal.records import Opened
    from ...tracking.tracked_run import TrackedRun

_MARK = "_is_of_mlflow_on_kedro"
"""The attribute of an active run that this module has made: the id of the pipeline's journal."""


class _ThreadState(threading.local):
    has_ended_run = False
    """Whether this thread has called ``mlflow.end_run()``, and nothing since that needs a run.

    False again for the next node or pipeline that runs in this thread."""


thread_state = _ThreadState()


class _ThreadStack:
    """The stack of a thread, into which the pipeline's run was put."""

    def __init__(self, stack: list[Any]) -> None:
        self.stack = stack
        self._thread = threading.current_thread()
        self._pid = os.getpid()

    def has_ended(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive() or not self.is_here()

    def is_here(self) -> bool:
        """Whether the thread is in this process, and not in the one that has forked it."""
        return self._pid == os.getpid()

    def below(self, run: TrackedRun) -> set[int]:
        """Return the ``id`` of each active run that was there before the pipeline's."""
        positions = [i for i, active in enumerate(self.stack) if is_inserted(run, active)]
        return {id(active) for active in self.stack[: positions[0] if positions else None]}


_stacks: list[_ThreadStack] = []
_ends_with_process: set[tuple[str, int]] = set()


def install(make_active: Callable[[TrackedRun], Any]) -> None:
    """Have MLflow, which is imported, use the pipeline's run; only the first call counts.

    Args:
        make_active: Makes MLflow's active run of the pipeline's for this thread.
    """
    run_stack.install(functools.partial(_fill, make_active))


def make_active(run: TrackedRun, opened: Opened) -> Any:
    """Make MLflow's active run of the pipeline's."""
    active = run_stack.new_active_run(placeholder_run.to_mlflow_run(run, opened))
    setattr(active, _MARK, run.whole.journal_id)
    return active


def is_inserted(run: TrackedRun, active: Any) -> bool:
    """Whether an active run is the pipeline's and :func:`make_active` has made it."""
    pipeline = getattr(active, _MARK, None)
    if pipeline is None:
        return False
    # The active run may be one of `run.children`, whose id is not that of the pipeline's run.
    return pipeline == run.journal_id or placeholder_run.is_pipelines_run(run, active.info.run_id)


def pop_inserted(run: TrackedRun) -> list[Any]:
    """Remove the pipeline's run from this thread's stack, if nothing else is on the stack.

    Args:
        run: A run of ``run.children``, which is to be the thread's only active run.

    Returns:
        The removed active runs.
    """
    mine = stack()
    removed = mine[:] if all(is_inserted(run.whole, active) for active in mine) else []
    del mine[: len(removed)]
    return removed


def push(active: Any) -> None:
    """Make a run the active one of this thread."""
    mine = stack()
    mine.append(active)
    _note(mine)


def shrink(run: TrackedRun, kept: Collection[int], status: str) -> None:
    """Remove what was added to this thread's stack, and end the runs that were left open.

    MLflow does so when a process ends.

    Args:
        run: The pipeline's run, which is removed but not ended.
        kept: The ``id`` of each active run that stays.
        status: The status of the runs that are ended.
    """
    import mlflow

    runs = stack()
    while runs and id(runs[-1]) not in kept:
        if is_inserted(run, runs[-1]):
            runs.pop()
            continue
        before = len(runs)
        with contextlib.suppress(Exception), original_stack():  # the server may be away
            mlflow.end_run(status)
        if len(runs) == before:
            return


def remove(run: TrackedRun, status: str) -> None:
    """Remove a run from the stacks of all threads, and end the runs that were left open above it.

    Args:
        run: The pipeline's run.
        status: The status of the runs that are ended.
    """
    mine = _ThreadStack(stack())
    shrink(run, mine.below(run), status)
    shrink_others(run, status, of_all=True)


def shrink_others(run: TrackedRun, status: str, *, of_all: bool) -> None:
    """Do as :func:`shrink` for the stacks of other threads.

    Args:
        run: The pipeline's run.
        status: The status of the runs that are ended.
        of_all: Whether also for threads that have not ended.
    """
    mine = stack()
    for each in _stacks:
        if each.stack is mine or not each.is_here() or not (of_all or each.has_ended()):
            continue
        with run_stack.exchanged(each.stack):  # MLflow ends runs of the calling thread only
            shrink(run, each.below(run), status)
    _stacks[:] = [each for each in _stacks if each.stack and not each.has_ended()]


def _note(stack: list[Any]) -> None:
    if not any(each.stack is stack for each in _stacks):
        _stacks.append(_ThreadStack(stack))


def _fill(make_active: Callable[[TrackedRun], Any], found: list[Any]) -> list[Any]:
    """Put the pipeline's run into this thread's stack, if that is empty."""
    run = open_runs.current()
    if run is None:
        return found
    if mlflow_globals.users_uri() is not None:  # a store that does not have the pipeline's run
        if len(found) == 1 and is_inserted(run, found[0]):
            found.clear()
        if mlflow_globals.is_plugins_experiment():
            mlflow_globals.set_experiment_id(None)
        return found
    if found:
        return found
    with original_stack(), run.guard():
        active = make_active(run)
        if active is not None:
            thread_state.has_ended_run = False
            found.append(active)
            _note(found)
            if run.in_worker:
                _end_with_process(run)
    return found


def _end_with_process(run: TrackedRun) -> None:
    """End the runs that are left open in a process of a node's own when that process ends."""
    # Python has no public way: such a process skips `atexit`. Python's queues are ended like this.
    from multiprocessing.util import Finalize

    key = (run.journal_id, os.getpid())
    if key not in _ends_with_process:
        _ends_with_process.add(key)
        Finalize(None, _end_process, (run,), exitpriority=10)


def _end_process(run: TrackedRun) -> None:
    with run.guard():
        remove(run, "FINISHED")
        node_end.collect(run)
        run.settle()
