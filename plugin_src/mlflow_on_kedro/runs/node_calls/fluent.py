"""MLflow's own "active run", for whatever calls ``mlflow.log_metric`` while a pipeline runs.

From the opening of the run to its end it is MLflow's active run in each thread: see
:mod:`.active_stack`. During a node, its thread is attached to the node's run; after it, runs that
the node has left open are ended.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import mlflow_globals, run_stack
from ...mlflow_internals.tags import PARENT_RUN
from ...tracking import open_runs, own_calls, store
from ...utils import import_watch, run_variables
from . import (
    active_stack,
    journal_uri,
    node_end,
    node_spans,
    node_traces,
    outage_fallback,
    placeholder_run,
    run_functions,
    spawned_processes,
)
from .artifact_diversion import divert_artifacts

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun


def begin(run: TrackedRun) -> None:
    """Have what calls MLflow in this process log to a run, until :func:`end`.

    Nothing is done before somebody imports MLflow: in most pipelines nobody does.
    """
    open_runs.begin(run)
    active_stack.thread_state.has_ended_run = False
    spawned_processes.pass_run(begin)
    if not import_watch.is_imported():
        if not run.is_offline:
            run_variables.set_tracking_uri(run.uri)
        import_watch.when_imported(_set_up_nearest)
        return
    _set_up(run)
    stack = run_stack.stack()
    if stack and not _has_run(stack, run):
        active_stack.push(_make_active(run))  # above a run that the user has started before


def end(run: TrackedRun, status: str) -> None:
    """Undo :func:`begin`, and end child runs that were left open.

    Args:
        run: The run.
        status: The status of those child runs.
    """
    try:
        if import_watch.is_imported():
            active_stack.remove(run, status)
    finally:
        open_runs.end(run)
        spawned_processes.stop_passing()


def _set_up_nearest() -> None:
    run = open_runs.nearest()
    if run is not None:
        with run.guard():  # an error here would fail the import of MLflow
            _set_up(run)


def _set_up(run: TrackedRun) -> None:
    """Have MLflow, which is imported, log to where a run is, without a call to the server."""
    store.hide_sql_messages()
    active_stack.install(_make_active_bypassed)
    run_functions.install()
    journal_only = journal_uri.has_journal_only(run)
    mlflow_globals.set_tracking_uri(journal_uri.journal_uri(run) if journal_only else run.uri)
    outage_fallback.install(run, uses_server=not journal_only)
    node_spans.install(run)


def _make_active_bypassed(run: TrackedRun) -> Any:
    with own_calls.bypassed():
        return _make_active(run)


def _make_active(run: TrackedRun) -> Any:
    """Make MLflow's active run of a run for this thread, without a call to the server."""
    import mlflow  # noqa: F401 - another thread may be importing it: see `store.prepare`

    run.wait_open()
    _set_up(run)
    opened = None if journal_uri.has_journal_only(run) else run.opened
    opened = opened or placeholder_run.placeholder(run)
    if placeholder_run.is_placeholder(run, opened.run_id):
        folder = functools.partial(placeholder_run.artifact_folder, run)
        divert_artifacts(run, opened.run_id, opened.artifact_uri, folder, asks_server=False)
    outage_fallback.follow_traces(run)
    mlflow_globals.set_experiment_id(opened.experiment_id)
    _set_parent_of_subprocesses(run)
    return active_stack.make_active(run, opened)


def _set_parent_of_subprocesses(run: TrackedRun) -> None:
    """Have runs of other programs that a node starts be children of a run, by the environment."""
    opened = run.opened or run.whole.opened
    if opened is not None:
        name = None
        with contextlib.suppress(OSError, ValueError):  # of a journal that is damaged
            header = run.journal.header if run.journal is not None else None
            if header is not None and header.run_id is None and header.experiment_id is None:
                name = header.experiment
        run_variables.nest_child_processes(PARENT_RUN, opened.run_id, name)


def _has_run(stack: list[Any], run: TrackedRun) -> bool:
    return any(placeholder_run.is_pipelines_run(run, active.info.run_id) for active in stack)


@dataclass
class _Node:
    """A node that runs in this thread.

    Attributes:
        run: Its run.
        name: Its name.
        active_before: The ``id`` of each run that was active before it.
        uri_before: The tracking URI before it, if the user had set it over the plugin's.
        removed: The runs that were active before it, and are not while it runs.
    """

    run: TrackedRun
    name: str = ""
    active_before: frozenset[int] = frozenset()
    uri_before: str | None = None
    removed: list[Any] = field(default_factory=list)


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.nodes: list[_Node] = []
        """The nodes that run in this thread, the innermost last."""


_thread_state = _ThreadState()


def attach(run: TrackedRun, name: str = "") -> None:
    """Make a run the active one of this thread, before a node.

    Args:
        run: The run.
        name: The node's name.
    """
    if run.config.autolog and run.in_worker:
        from ...observability import autolog

        autolog.enter_node(run.config.autolog)
    node = _Node(run, name)
    _thread_state.nodes.append(node)
    open_runs.begin_node(run, name, notes_starters=node_spans.are_wanted(run))
    if not import_watch.is_imported():
        _set_parent_of_subprocesses(run)
        import_watch.when_imported(_set_up_nearest)
        return
    node.uri_before = mlflow_globals.users_uri()
    active = _make_active(run)
    node_traces.start_node()
    if run.whole is not run:
        node.removed = active_stack.pop_inserted(run)
    stack = run_stack.stack()
    node.active_before = frozenset(map(id, stack))
    if not _has_run(stack, run):
        active_stack.push(active)


def detach(run: TrackedRun, status: str = "FINISHED") -> None:
    """Undo :func:`attach` after a node, and end the runs that it has left open.

    Args:
        run: The run.
        status: The status of the runs that are ended.
    """
    if run.config.autolog and run.in_worker:
        from ...observability import autolog

        autolog.leave_node()
    node = next((each for each in reversed(_thread_state.nodes) if each.run is run), None)
    if node is None:
        return
    _thread_state.nodes.remove(node)
    try:
        if import_watch.is_imported():
            node_end.finish_sending(run)
            active_stack.shrink(run, node.active_before, status)
            for active in node.removed:
                active_stack.push(active)
            active_stack.shrink_others(run, status, of_all=False)
            active_stack.thread_state.has_ended_run = False
            node_end.collect(run)
            node_spans.end_node(run, node.name)
            _restore_globals(node)
    finally:
        open_runs.end_node(run)


def _restore_globals(node: _Node) -> None:
    """Undo what a node has set for all of MLflow."""
    if node.uri_before is not None:
        import mlflow

        mlflow.set_tracking_uri(node.uri_before)
        return
    _set_up(node.run)
    if node.run.opened is not None:
        mlflow_globals.set_experiment_id(node.run.opened.experiment_id)


@contextlib.contextmanager
def attached(run: TrackedRun, name: str = "") -> Iterator[None]:
    """Attach a run for the length of a block."""
    attach(run, name)
    try:
        yield
    finally:
        detach(run)


def attached_chunks(run: TrackedRun, name: str, chunks: Iterator[Any]) -> Iterator[Any]:
    """Yield what a generator node yields, with a run attached while the node works.

    Such a node does its work after Kedro has called ``after_node_run``.
    """
    while True:
        with attached(run, name):
            try:
                chunk = next(chunks)
            except StopIteration:
                return
        yield chunk
