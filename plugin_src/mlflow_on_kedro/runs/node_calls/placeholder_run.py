"""The pipeline's run as nodes see it while MLflow has no run for it: its id, experiment and files.

A node may ask for its active run before the server has answered, or offline. It then gets a run
with an id of the plugin's own. The files that it logs wait in the journal's folder ``own`` until
the node ends: see :mod:`mlflow_on_kedro.journal.node_files`.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...journal import node_files
from ...journal.entries import Entry
from ...journal.folder import OWN, Journal
from ...journal.records import Opened
from ...mlflow_internals.tags import RUN_NAME
from ...tracking.store import working_folder
from ...tracking.user import USER_TAG, user_name

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

EXPERIMENT_ID = "0"
"""The id of the pipeline's experiment for nodes, until MLflow has given the real one."""


class NodeRun(Protocol):
    """A run that a node logs to: the pipeline's, or a child run that the node has started."""

    root: Path
    journal_id: str
    start_ms: int

    @property
    def journal(self) -> Journal | None:
        """The run's journal on disk, if it has one."""

    def log_entry(self, entry: Entry) -> None:
        """Write an entry into the journal."""


def thread_name() -> str:
    """Return a name for the current thread that no thread of another process has."""
    # The main threads of forked workers have the same ident.
    return f"{os.getpid()}-{threading.get_ident()}"


def placeholder(run: TrackedRun) -> Opened:
    """Describe the pipeline's run for this thread's node, with a local folder for its artifacts."""
    run_id = f"{run.journal_id}-{thread_name()}"
    return Opened(run_id, EXPERIMENT_ID, artifact_folder(run).as_uri(), run.name)


def is_placeholder(run: TrackedRun, run_id: str) -> bool:
    """Whether a run id is one that :func:`placeholder` has made."""
    return bool(run.journal_id) and run_id.startswith(f"{run.journal_id}-")


def is_pipelines_run(run: TrackedRun, run_id: str) -> bool:
    """Whether a run id is that of the pipeline's run: MLflow's, or a placeholder."""
    return is_placeholder(run, run_id) or (run.opened is not None and run.opened.run_id == run_id)


def is_pipelines_experiment(run: TrackedRun, experiment_id: str) -> bool:
    """Whether an experiment id is that of the pipeline's: MLflow's, or :data:`EXPERIMENT_ID`."""
    opened = run.opened
    return experiment_id in {EXPERIMENT_ID, opened.experiment_id if opened is not None else None}


def to_mlflow_run(run: NodeRun, opened: Opened) -> Any:
    """Make MLflow's ``Run`` of an open run, without a call to the server.

    Of its data it has only what a run has when it starts: its user and its name.
    """
    from mlflow.entities import Run, RunData, RunInfo, RunInputs, RunTag

    user = user_name() or ""
    tags = {USER_TAG: user, RUN_NAME: opened.name}

    info = RunInfo(
        run_id=opened.run_id,
        experiment_id=opened.experiment_id,
        user_id=user,
        status="RUNNING",
        start_time=run.start_ms,
        end_time=None,
        lifecycle_stage="active",
        artifact_uri=opened.artifact_uri,
        run_name=opened.name,
    )
    # Without inputs MLflow 3.1 fails when it reads the run's datasets.
    data = RunData(tags=[RunTag(key, value) for key, value in tags.items() if value])
    return Run(info, data, RunInputs([]))


def files_folder(run: NodeRun) -> Path:
    """Return the folder for the files that nodes log to a run, until they become entries."""
    if run.journal is not None and run.journal.exists():
        return (run.journal.folder / OWN).absolute()
    return (working_folder(run.root) / OWN / run.journal_id).absolute()


def artifact_folder(run: NodeRun) -> Path:
    """Return the folder for the artifacts that this thread's node logs to a run."""
    return files_folder(run) / node_files.ARTIFACTS / thread_name()
