"""MLflow's own "active run", for whoever calls ``mlflow.log_metric`` while a pipeline runs.

From when the run is opened until it ends, what calls MLflow has it as its active run: see
:mod:`.active_stack`. Around a node, its thread is told which run is meant, and afterwards what the
node has left open is ended.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import mlflow_globals, run_stack
from ...mlflow_internals.mlflow_globals import (
    hold_globals,
    release_globals,
    set_tracking_uri,
    tracking_uri,
)
from ...tracking import open_runs
from ...utils import environment, import_watch
from . import active_stack, node_mlflow_calls, other_processes, outage_fallback, routes, run_calls

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

__all__ = [
    "attach",
    "attached",
    "attached_chunks",
    "begin",
    "detach",
    "end",
    "hold_globals",
    "release_globals",
    "set_tracking_uri",
    "tracking_uri",
]


def begin(run: TrackedRun) -> None:
    """Have what calls MLflow in this process land in a run, until :func:`end`.

    Where MLflow is not imported, nothing is done before it is: most runs never need it.
    """
    open_runs.begin(run)
    active_stack.here.has_ended = False
    other_processes.offer()
    if not import_watch.is_imported():
        if not run.is_offline:
            environment.set_tracking_uri(run.uri)
        import_watch.when_imported(_begin_nearest)
        return
    _prepare(run)
    stack = run_stack.stack()
    if stack and not any(node_mlflow_calls.is_own(run, active.info.run_id) for active in stack):
        active_stack.push(_make_active(run))  # or somebody's own run would take what is the run's


def end(run: TrackedRun, status: str) -> None:
    """Undo :func:`begin`, and end runs that somebody has left open below the run.

    Args:
        run: The run.
        status: How they end.
    """
    try:
        if import_watch.is_imported():
            active_stack.remove(run, status)
    finally:
        open_runs.end(run)
        other_processes.withdraw()


def _begin_nearest() -> None:
    run = open_runs.nearest()
    if run is not None:
        with run.guard():  # or the import would fail
            _prepare(run)


def _prepare(run: TrackedRun) -> None:
    """Have MLflow, which is imported, speak to where a run is; no server is asked."""
    active_stack.install(_make_active_here)
    run_calls.install()
    is_for_journal = node_mlflow_calls.is_for_journal(run)
    set_tracking_uri(node_mlflow_calls.uri_for(run) if is_for_journal else run.uri)
    outage_fallback.guard(run, asks_server=not is_for_journal)


def _make_active_here(run: TrackedRun) -> Any:
    with open_runs.bypassed():
        return _make_active(run)


def _make_active(run: TrackedRun) -> Any:
    """Make MLflow's active run of a run for this thread, without a call to the server.

    While MLflow does not answer, and offline, what is logged with MLflow goes into the journal.
    """
    import mlflow  # noqa: F401 - another thread may be amid it: see `store.prepare`

    run.wait_open()
    _prepare(run)
    if node_mlflow_calls.is_for_journal(run):
        opened = node_mlflow_calls.opened_for(run)
    else:
        opened = run.opened or node_mlflow_calls.opened_for(run)
    if node_mlflow_calls.is_of(run, opened.run_id):
        place = functools.partial(node_mlflow_calls.artifact_folder, run)
        routes.keep_artifacts(run, opened.run_id, opened.artifact_uri, place, asks_server=False)
    outage_fallback.follow(run)
    mlflow_globals.use_experiment(opened.experiment_id)
    _have_below(run)
    return active_stack.give(run, opened)


def _have_below(run: TrackedRun) -> None:
    """Tell other processes of a run, which they are told of by the environment alone."""
    opened = run.opened or run.whole.opened
    if opened is not None:
        name = None
        with contextlib.suppress(OSError, ValueError):  # of a journal that is damaged
            header = run.journal.header if run.journal is not None else None
            if header is not None and header.run_id is None and header.experiment_id is None:
                name = header.experiment
        environment.have_below(active_stack.PARENT_TAG, opened.run_id, name)


@dataclass
class _Node:
    """A node that runs in this thread.

    Attributes:
        run: Its run.
        kept: The ``id`` of each run that was active before it.
        uri: The tracking URI before it, if that was somebody's own choice.
        taken: What was active before it, and is not while it runs.
    """

    run: TrackedRun
    kept: frozenset[int] = frozenset()
    uri: str | None = None
    taken: list[Any] = field(default_factory=list)


class _Nodes(threading.local):
    """The nodes that run in this thread, the innermost last."""

    def __init__(self) -> None:
        self.nodes: list[_Node] = []


_here = _Nodes()


def attach(run: TrackedRun) -> None:
    """Make a run the active one of this thread, for a node."""
    if run.config.autolog and run.in_worker:
        from ...observability import autolog

        autolog.enter_node(run.config.autolog)
    node = _Node(run)
    _here.nodes.append(node)
    open_runs.begin_node(run)
    if not import_watch.is_imported():
        _have_below(run)
        import_watch.when_imported(_begin_nearest)
        return
    from . import node_traces

    node.uri = mlflow_globals.other_uri()
    active = _make_active(run)
    node_traces.begin_node()
    if run.whole is not run:
        node.taken = active_stack.take_given(run)
    stack = run_stack.stack()
    node.kept = frozenset(map(id, stack))
    if not any(node_mlflow_calls.is_own(run, each.info.run_id) for each in stack):
        active_stack.push(active)


def detach(run: TrackedRun, status: str = "FINISHED") -> None:
    """Take a run off this thread, and end what its node has left open.

    Args:
        run: The run.
        status: How that ends.
    """
    if run.config.autolog and run.in_worker:
        from ...observability import autolog

        autolog.leave_node()
    node = next((each for each in reversed(_here.nodes) if each.run is run), None)
    if node is None:
        return
    _here.nodes.remove(node)
    try:
        if import_watch.is_imported():
            outage_fallback.settle(run)
            active_stack.shrink(run, node.kept, status)
            for active in node.taken:
                active_stack.push(active)
            active_stack.shrink_others(run, status, of_all=False)
            active_stack.here.has_ended = False
            node_mlflow_calls.collect(run)
            _put_back(node)
    finally:
        open_runs.end_node(run)


def _put_back(node: _Node) -> None:
    """Undo what a node has chosen for all of MLflow."""
    if node.uri is not None:
        import mlflow

        mlflow.set_tracking_uri(node.uri)
        return
    _prepare(node.run)
    if node.run.opened is not None:
        mlflow_globals.use_experiment(node.run.opened.experiment_id)


@contextlib.contextmanager
def attached(run: TrackedRun) -> Iterator[None]:
    """Attach a run for the length of a block."""
    attach(run)
    try:
        yield
    finally:
        detach(run)


def attached_chunks(run: TrackedRun, chunks: Iterator[Any]) -> Iterator[Any]:
    """Pass on what a generator node yields, with a run attached while the node makes it.

    Such a node does its work after Kedro has called ``after_node_run``.
    """
    while True:
        with attached(run):
            try:
                chunk = next(chunks)
            except StopIteration:
                return
        yield chunk
