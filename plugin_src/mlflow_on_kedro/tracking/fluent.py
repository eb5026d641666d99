"""MLflow's own "active run", for node code that calls ``mlflow.log_metric`` or uses autolog.

MLflow keeps active runs on a stack for each thread and has no public way to put a run there, or to
choose an experiment, without calls to the server. This module is the one place that touches that
stack and that choice; a test fails when they move.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import environment, import_watch
from . import diverting, own_calls

if TYPE_CHECKING:
    from ..run import TrackedRun


def active_run_id() -> str | None:
    """The id of the run that is active in this thread; does not import mlflow."""
    mlflow = sys.modules.get("mlflow")
    run = mlflow.active_run() if mlflow is not None and hasattr(mlflow, "active_run") else None
    return str(run.info.run_id) if run is not None else None


def attach(run: TrackedRun) -> None:
    """Make a run the active one of this thread, without a call to the server.

    While MLflow does not answer, and offline, what a node logs with MLflow goes into the run's
    journal.
    """
    if run.config.autolog and run.in_worker:
        from ..observing import autolog

        autolog.enter_node(run.config.autolog)
    if not import_watch.is_imported():
        # Most nodes never call MLflow, and importing it takes a second in each worker process.
        import_watch.when_imported(_attach_waiting)
        _waiting.runs.append(run)
        return
    import mlflow  # noqa: F401 - another thread may be amid it: see `store.prepare`
    from mlflow.tracking.fluent import ActiveRun

    run.wait_open()
    run.hold_globals()
    if own_calls.is_for_journal(run):
        set_tracking_uri(own_calls.uri_for(run))
        opened = own_calls.opened_for(run)
        diverting.enter(run, asks_server=False)
    else:
        set_tracking_uri(run.uri)
        opened = run.opened or own_calls.opened_for(run)
        diverting.enter(run)
    diverting.follow(run)
    _set_experiment(opened.experiment_id)
    entity = own_calls.as_entity(run, opened)
    _stack().append(ActiveRun(entity))  # type: ignore[no-untyped-call]


class _Waiting(threading.local):
    """Runs to attach in this thread, should its node import MLflow."""

    def __init__(self) -> None:
        self.runs: list[TrackedRun] = []


_waiting = _Waiting()


def _attach_waiting() -> None:
    waiting, _waiting.runs = _waiting.runs, []
    for run in waiting:
        attach(run)


def detach(run: TrackedRun) -> None:
    """Take a run off this thread, with whatever a node has left open above it."""
    if run.config.autolog and run.in_worker:
        from ..observing import autolog

        autolog.leave_node()
    if run in _waiting.runs:
        _waiting.runs.remove(run)
        return
    if not import_watch.is_imported():
        return
    stack = _stack()
    places = [n for n, active in enumerate(stack) if own_calls.is_own(run, active.info.run_id)]
    if places:
        diverting.settle(run)
        _end_children(stack, places[-1])
        del stack[places[-1] :]
    diverting.leave(run)
    own_calls.collect(run)


def _end_children(stack: list[Any], place: int) -> None:
    """End the runs that a node has left open, as MLflow does when a process ends."""
    import mlflow

    while len(stack) > place + 1:
        before = len(stack)
        with contextlib.suppress(Exception):  # a server that is away; the node has succeeded
            mlflow.end_run()
        if len(stack) == before:
            return


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


def set_tracking_uri(uri: str | None) -> None:
    """Set MLflow's tracking URI, or let it be MLflow's default again.

    MLflow keeps it for the whole process, and in ``MLFLOW_TRACKING_URI``.
    """
    import mlflow

    mlflow.set_tracking_uri(uri)  # type: ignore[arg-type]  # None unsets it


class _Holders:
    """How many open runs need the globals that nodes were given, and what they were before.

    MLflow has one tracking URI and one experiment for the whole process, so there is one of this
    too: of several runs at once the first to end must not take them from the others.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reading = threading.RLock()
        self.count = 0
        self.uri: str | None = None
        self.experiment: str | None = None


_holders = _Holders()


def hold_globals() -> None:
    """Remember MLflow's tracking URI and experiment, for :func:`release_globals`."""
    with _holders.lock:
        if _holders.count == 0:
            _holders.uri = environment.tracking_uri()
            _holders.experiment = _experiment()
        _holders.count += 1


def release_globals() -> None:
    """Put MLflow's tracking URI and experiment back once no open run needs others."""
    with _holders.lock:
        _holders.count -= 1
        if _holders.count == 0:
            set_tracking_uri(_holders.uri)
            _set_experiment(_holders.experiment)


@contextlib.contextmanager
def tracking_uri(uri: str) -> Iterator[None]:
    """Use a tracking URI for the length of a block.

    For what MLflow reads by the global URI alone: models everywhere, and before MLflow 3.2 also
    artifacts of a client with another URI.
    """
    before = environment.tracking_uri()
    if before == uri:  # a node's thread, most of the time
        yield
        return
    with _holders.reading:  # one at a time: it is the whole process's
        set_tracking_uri(uri)
        try:
            yield
        finally:
            set_tracking_uri(before)


def _experiment() -> str | None:
    """The experiment in which MLflow's own calls start runs; None for its default."""
    import mlflow

    return mlflow.tracking.fluent._active_experiment_id  # noqa: SLF001 - there is no public name


def _set_experiment(experiment_id: str | None) -> None:
    # Runs that a node starts belong beside the pipeline's: MLflow's UI shows a child below its
    # parent only within one experiment. The public way asks the server.
    import mlflow

    module: Any = mlflow.tracking.fluent
    module._active_experiment_id = experiment_id  # noqa: SLF001 - as above


def _stack() -> list[Any]:
    from mlflow.tracking.fluent import _active_run_stack

    stack: list[Any] = _active_run_stack.get()  # type: ignore[no-untyped-call]
    return stack
