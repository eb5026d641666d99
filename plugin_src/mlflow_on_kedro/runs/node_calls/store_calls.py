"""Calls of MLflow's tracking store about runs: to the server, or to the journal if it is away.

Each function takes one :class:`StoreCall` and the arguments of the call. :mod:`.outage_fallback`
puts them in the place of the store's own methods.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...journal import node_files
from ...journal.folder import OWN, new_id
from ...mlflow_internals import async_logging
from ...mlflow_internals.tags import PARENT_RUN
from ...tracking import shared_run, store
from ...tracking.failures import reason
from . import child_runs, journal_uri, placeholder_run
from .artifact_diversion import divert_artifacts
from .server_call import call_server

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun


logger = logging.getLogger(__name__)


class StoreCall:
    """A node's call of one method of the store that MLflow uses for the server.

    Args:
        run: The pipeline's run.
        name: The method's name.
        to_server: The store's own method.
    """

    def __init__(self, run: TrackedRun, name: str, to_server: Callable[..., Any]) -> None:
        self.run = run
        self.name = name
        self.to_server = to_server
        self.journal = journal_uri.journal_store(run)

    def to_journal(self, *args: Any, **named: Any) -> Any:
        """Call the method of that name of the :class:`.JournalStore`."""
        return getattr(self.journal, self.name)(*args, **named)

    def to_server_or_journal(self, *args: Any, **named: Any) -> Any:
        """Call the server, and the journal if it does not answer."""
        return call_server(
            self.run,
            functools.partial(self.to_server, *args, **named),
            functools.partial(self.to_journal, *args, **named),
        )

    def needs_experiment(self, experiment_id: Any) -> bool:
        """Whether a call is about the pipeline's experiment, whose id is not known yet."""
        return self.run.opened is None and placeholder_run.is_pipelines_experiment(
            self.run, experiment_id
        )


def with_names(
    names: tuple[str, ...], args: tuple[Any, ...], named: dict[str, Any]
) -> dict[str, Any]:
    """Return all arguments of a call by their names."""
    return {**dict(zip(names, args, strict=False)), **named}


def log_or_get(call: StoreCall, run_id: str, *args: Any, **named: Any) -> Any:
    """Log to a run, or return it."""
    if call.journal.has(run_id):
        return call.to_journal(run_id, *args, **named)
    return call.to_server_or_journal(run_id, *args, **named)


def log_later(
    call: StoreCall,
    used: Any,
    run_id: str,
    metrics: Iterable[Any],
    params: Iterable[Any],
    tags: Iterable[Any],
) -> Any:
    """Log to a run asynchronously: to the journal, if it can have the run and all of the values.

    The journal is faster than MLflow's queue, which sends each point on its own, and it is left
    whole by a process that is killed. Who waits for the values waits until MLflow has them, or
    does not answer.

    Args:
        call: Calls MLflow's queue.
        used: The store that MLflow uses.
        run_id: The run to log to.
        metrics: MLflow's metrics.
        params: MLflow's parameters.
        tags: MLflow's tags.
    """
    values = (list(metrics), list(params), list(tags))
    is_remote = store.is_remote(call.run.uri)
    is_known = placeholder_run.is_pipelines_run(call.run, run_id) or call.journal.has(run_id)
    # A store on disk gets parameters and tags in the order in which they are logged or changed.
    are_kept = is_remote or not (values[1] or values[2])
    if is_known and are_kept and all(map(_is_plain, values[0])):
        call.to_journal(run_id, *values)
        return async_logging.waiting(functools.partial(call.run.flush, values_only=True))
    if not (call.run.in_worker or is_remote):
        return call.to_server(used, run_id, *values)
    # A worker may end before the queue is empty; and in a forked one no thread empties it. The
    # server may be away, and then the journal takes the values.
    try:
        used.log_batch(run_id, *values)
    except Exception as error:
        logger.warning("MLflow did not take what a node has logged: %s", reason(error))
        return async_logging.failed(error)
    return async_logging.finished()


def _is_plain(metric: Any) -> bool:
    """Whether the journal can have a metric: it is a number, and no model's."""
    return isinstance(metric.value, int | float) and not getattr(metric, "model_id", None)


def finish_logging(call: StoreCall, used: Any) -> None:
    """Wait until MLflow has what was logged asynchronously, or does not answer."""
    call.run.flush(values_only=True)
    call.to_server(used)


def update_run(call: StoreCall, run_id: str, *args: Any, **named: Any) -> Any:
    """Rename or end a run; a child run that has a journal is ended there in any case."""
    is_pipelines = placeholder_run.is_pipelines_run(call.run, run_id)
    child = None if is_pipelines else child_runs.find(call.run, run_id)
    is_in_mlflow = child is None or child.journal.header.run_id is not None
    if placeholder_run.is_placeholder(call.run, run_id) or not is_in_mlflow:
        return call.to_journal(run_id, *args, **named)
    if child is not None:
        call.to_journal(run_id, *args, **named)
    return call.to_server_or_journal(run_id, *args, **named)


def create_run(call: StoreCall, *args: Any, **named: Any) -> Any:
    """Create a child run.

    The tag with a journal's id lets delivery find a run that MLflow has created without answering.
    """
    from mlflow.entities import RunTag

    names = ("experiment_id", "user_id", "start_time", "tags", "run_name")
    arguments = with_names(names, args, named)
    tags = list(arguments.get("tags") or ())
    journal_id = new_id()
    to_journal = functools.partial(call.to_journal, **arguments, journal_id=journal_id)
    parents = [tag.value for tag in tags if tag.key == PARENT_RUN]
    if call.needs_experiment(arguments["experiment_id"]) or any(map(call.journal.has, parents)):
        return to_journal()
    arguments["tags"] = [*tags, RunTag(shared_run.JOURNAL_TAG, journal_id)]
    to_server = functools.partial(call.to_server, **arguments)
    created = call_server(call.run, to_server, to_journal)
    run_id = created.info.run_id
    if store.is_remote(call.run.uri) and not call.journal.has(run_id):
        child_runs.note_created(run_id)

        def folder() -> Path:
            own = child_runs.folder_for(call.run, run_id) / OWN
            return own / node_files.ARTIFACTS / placeholder_run.thread_name()

        divert_artifacts(
            call.run,
            run_id,
            created.info.artifact_uri,
            folder,
            functools.partial(child_runs.continue_run, call.run, run_id),
        )
    return created
