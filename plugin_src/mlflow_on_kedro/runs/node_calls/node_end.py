"""The end of a node, and of the run: what nodes have logged with MLflow becomes journal entries."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ...journal import node_files
from ...mlflow_internals import async_logging, run_stack
from . import child_runs, journal_models, node_traces, placeholder_run
from .placeholder_run import NodeRun

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun


def finish_sending(run: TrackedRun) -> None:
    """Wait for what MLflow sends from threads of its own for this thread's node."""
    import mlflow

    if run_stack.stack():
        mlflow.flush_artifact_async_logging()
    if run.in_worker:  # which may end with the node, without waiting for other threads
        node_traces.flush()
        async_logging.finish()


def collect(run: TrackedRun, *, of_all: bool = False) -> None:
    """Log the artifacts, models and traces that this thread's node has logged to a folder.

    Args:
        run: The pipeline's run.
        of_all: Whether those of all threads, when no node runs any more.
    """
    owners: list[NodeRun] = [run, *child_runs.known(run)]
    threads = "*" if of_all else placeholder_run.thread_name()
    for owner in owners:
        folder = placeholder_run.files_folder(owner)
        for entry, place in (
            *node_files.artifacts(folder / node_files.ARTIFACTS, threads),
            *journal_models.pop_ready(owner, of_all=of_all),
            *node_files.traces(folder / node_files.TRACES),
        ):
            owner.log_entry(entry)
            run.settle()
            shutil.rmtree(place, ignore_errors=True)


def collect_all(run: TrackedRun) -> None:
    """Log what nodes have left in folders or in a queue, before the pipeline's run ends."""
    node_traces.flush()
    async_logging.finish()
    collect(run, of_all=True)
    child_runs.forget(run)
