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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import own_calls

if TYPE_CHECKING:
    from .tracked_run import TrackedRun


@dataclass(frozen=True, eq=False)
class NodeAtWork:
    """A node that runs now.

    Attributes:
        run: The run that it belongs to.
        name: The node's name; "" if it is not known.
    """

    run: TrackedRun
    name: str


class _Here(threading.local):
    """The runs that this thread works on.

    Attributes:
        nodes: The nodes that it runs, the innermost last.
        pipelines: The open runs whose pipelines it runs.
    """

    def __init__(self) -> None:
        self.nodes: list[NodeAtWork] = []
        self.pipelines: list[weakref.ref[TrackedRun]] = []


here = _Here()
_open: list[weakref.ref[TrackedRun]] = []
_at_work: list[NodeAtWork] = []
"""The nodes that run now, in all threads."""
_STARTER = "_node_of_mlflow_on_kedro"


def begin(run: TrackedRun) -> None:
    """Make the threads of this process belong to a run, and this thread before all others."""
    _forget(run)
    _open.append(weakref.ref(run))
    here.pipelines.append(_open[-1])


def end(run: TrackedRun) -> None:
    """Undo :func:`begin`, also for nodes that were interrupted."""
    _forget(run)
    for nodes in (here.nodes, _at_work):
        nodes[:] = [node for node in nodes if node.run.whole is not run]


def begin_node(run: TrackedRun, name: str = "", *, notes_starters: bool = False) -> None:
    """Have this thread belong to the node that it runs, and to the node's run.

    Args:
        run: The run.
        name: The node's name.
        notes_starters: Note of each thread from now on which node has started it.
    """
    if notes_starters or run.whole is not run:
        _note_starters()
    here.nodes.append(NodeAtWork(run, name))
    _at_work.append(here.nodes[-1])


def continue_node(run: TrackedRun, name: str) -> None:
    """Have all threads of a process that a node has started belong to that node."""
    _at_work.append(NodeAtWork(run, name))


def end_node(run: TrackedRun) -> None:
    """Undo :func:`begin_node`."""
    node = next((one for one in reversed(here.nodes) if one.run is run), None)
    for nodes in (here.nodes, _at_work):
        with contextlib.suppress(ValueError):  # the run has ended meanwhile
            nodes.remove(node)  # type: ignore[arg-type]


def _forget(run: TrackedRun) -> None:
    _open[:] = [one for one in list(_open) if one() not in {run, None}]
    here.pipelines[:] = [one for one in here.pipelines if one in _open]


def current() -> TrackedRun | None:
    """Return the run that this thread belongs to; None if its calls are the plugin's own."""
    return None if own_calls.are_bypassed() else nearest()


def nearest() -> TrackedRun | None:
    """Return the run that this thread belongs to, even if its calls are the plugin's own."""
    if here.nodes:
        return here.nodes[-1].run
    opened = list(_open)
    mine = [one for one in here.pipelines if one in opened]
    found = next((run for one in reversed([*opened, *mine]) if (run := one()) is not None), None)
    at_work = {
        id(node.run): node.run for node in list(_at_work) if node.run.whole is found and not mine
    }
    starter = _starter()
    run = starter.run if starter is not None else None
    if run is None or id(run) not in at_work:
        run = next(iter(at_work.values())) if len(at_work) == 1 else None
    return run or found


def node_at_work() -> NodeAtWork | None:
    """Return the node that this thread works for; None if it works for none, or for no known one.

    That is the node that it runs, else the one that has started it, else the only one that runs.
    """
    if here.nodes:
        return here.nodes[-1]
    at_work, starter = list(_at_work), _starter()
    if starter is not None and (starter in at_work or len(at_work) != 1):
        return starter if starter.run.whole in {one() for one in _open} else None
    return at_work[0] if len(at_work) == 1 else None


def _starter() -> NodeAtWork | None:
    """The node that has started this thread, if that was noted and its run is still known."""
    noted = getattr(threading.current_thread(), _STARTER, None)
    if noted is None:
        return None
    run, name = noted[0](), noted[1]
    if run is None:
        return None
    return next(
        (one for one in list(_at_work) if one.run is run and one.name == name),
        NodeAtWork(run, name),
    )


def _note_starters() -> None:
    """Note of each thread from now on which node has started it; once is enough.

    Python has no way to ask, and several nodes may run in one process at once.
    """
    threads: Any = threading.Thread
    real = threads.start
    if hasattr(real, _STARTER):
        return

    @functools.wraps(real)
    def start(thread: threading.Thread) -> None:
        node = here.nodes[-1] if here.nodes else _starter()
        if node is not None:
            setattr(thread, _STARTER, (weakref.ref(node.run), node.name))
        real(thread)

    setattr(start, _STARTER, None)
    threads.start = start
