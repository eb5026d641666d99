"""Processes that nodes start with ``multiprocessing`` or joblib: they log to the pipeline's run.

A forked process has the run in its memory; a spawned one does not. Python has no public way to
pass something to a process that other code starts. But it passes the configuration of the starting
process, as part of the pickled process, and the run travels there.
"""

from __future__ import annotations

import logging
import multiprocessing
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...tracking import open_runs, request_headers
from ...utils import import_watch

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_KEY = "mlflow_on_kedro"


class _State:
    """What this process passes to those that it spawns, and what it has received itself."""

    begin: Callable[[TrackedRun], None] | None = None
    received: TrackedRun | None = None  # which is kept alive here


class _RunForProcesses:
    """In the process's configuration: pickles the run of the thread that spawns a process."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        try:
            node = open_runs.node_at_work()
            name = node.name if node is not None else ""
            passed = (_State.begin, open_runs.nearest(), dict(request_headers.in_use()), name)
            pickled = pickle.dumps(passed)
        except Exception as error:  # of what only this process can have
            logger.debug("The run cannot be passed to a new process: %r", error)
            return _RunForProcesses, ()
        return _receive, (pickled,)


def pass_run(begin: Callable[[TrackedRun], None]) -> None:
    """Pass the pipeline's run to processes that are spawned from now on.

    Args:
        begin: Called there with the run, once MLflow is imported; must be a module's function.
    """
    _State.begin = begin
    _config().setdefault(_KEY, _RunForProcesses())


def stop_passing() -> None:
    """Undo :func:`pass_run`, if no run is open any more."""
    if open_runs.nearest() is None:
        _config().pop(_KEY, None)


def _config() -> dict[str, Any]:
    found: dict[str, Any] = getattr(multiprocessing.current_process(), "_config", {})
    return found


def _receive(pickled: bytes) -> _RunForProcesses:
    """In a spawned process: begin to log to the run, when this process has imported MLflow."""

    def begin_received() -> None:
        try:
            begin, run, headers, node = pickle.loads(pickled)  # noqa: S301 - by our own parent
            request_headers.use(headers)
            if run is not None:
                _State.received = run
                begin(run)
                if node:
                    open_runs.continue_node(run, node)
        except Exception as error:  # of what only the parent can import; MLflow works without
            logger.warning("What this process logs is not in the pipeline's run: %r", error)

    if import_watch.is_imported():
        begin_received()
    else:  # most processes never log, and the import takes a second
        import_watch.when_imported(begin_received)
    return _RunForProcesses()
