"""What nodes log with MLflow themselves, while MLflow does not answer or tracking is offline.

Such a node speaks to a store whose content is the run's journal, so that it neither fails nor logs
to some other place, and what it logs is delivered with the rest. Files that MLflow would upload
wait in the journal's folder ``own`` until the node ends: see
:mod:`mlflow_on_kedro.journal.node_files`.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config.uri_schemes import JOURNAL_SCHEME
from ...journal import node_files
from ...journal.folder import OWN
from ...journal.records import Opened
from ...tracking.store import working_folder
from ...tracking.user import USER_TAG, user_name

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun
    from .child_runs import ChildRun

logger = logging.getLogger(__name__)

EXPERIMENT = "0"
"""The pipeline's experiment to a node, as long as MLflow has given it no id."""

# MLflow makes stores by URI, so the runs of this process are found by the name in it.
_runs: dict[str, TrackedRun] = {}
_warned: set[tuple[str, str]] = set()


def registry() -> Any:
    """What MLflow makes its tracking stores by, and keeps them in."""
    from mlflow.tracking._tracking_service.utils import _tracking_store_registry

    return _tracking_store_registry


def uri_for(run: TrackedRun) -> str:
    """Give the tracking URI of the store that writes to a run's journal."""
    # MLflow has no public way to add a store but a package's entry point, and a project may have
    # this plugin as a copy.
    registry().register(JOURNAL_SCHEME, _make_store)
    whole = run.whole  # MLflow has one URI for all threads, and nodes of several groups run at once
    _runs[whole.journal_id] = whole
    return f"{JOURNAL_SCHEME}://{whole.journal_id}"


def is_for_journal(run: TrackedRun) -> bool:
    """Whether a node's calls of MLflow can go nowhere but to the run's journal."""
    if run.is_offline or (run.opened is None and not run.keeps_journal_here):
        return True
    try:
        registry().get_store_builder(run.uri)
    except Exception as error:  # of a URI that MLflow does not know
        logger.debug("MLflow has no store for the run: %r", error)
        return True
    return False


def opened_for(run: TrackedRun) -> Opened:
    """Describe the run as the node in this thread sees it; its artifacts are in a local folder."""
    run_id = f"{run.journal_id}-{thread()}"
    return Opened(run_id, EXPERIMENT, artifact_folder(run).as_uri(), run.name)


def as_entity(run: TrackedRun | ChildRun, opened: Opened) -> Any:
    """Make MLflow's ``Run`` of a run that is open, without a call to a server.

    Of its data it has what a run has when it starts: who runs it and its name.
    """
    from mlflow.entities import Run, RunData, RunInfo, RunInputs, RunTag

    user = user_name() or ""
    tags = {USER_TAG: user, "mlflow.runName": opened.name}

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
    # Without inputs MLflow 3.1 asks None for its datasets.
    data = RunData(tags=[RunTag(key, value) for key, value in tags.items() if value])
    return Run(info, data, RunInputs([]))


def is_of(run: TrackedRun, run_id: str) -> bool:
    """Whether a run id is one that :func:`opened_for` gave."""
    return bool(run.journal_id) and run_id.startswith(f"{run.journal_id}-")


def is_own(run: TrackedRun, run_id: str) -> bool:
    """Whether a run id means the pipeline's run, in MLflow or as :func:`opened_for` gave it."""
    return is_of(run, run_id) or (run.opened is not None and run.opened.run_id == run_id)


def is_own_experiment(run: TrackedRun, experiment_id: str) -> bool:
    """Whether an experiment id means the pipeline's experiment, whenever a node was given it."""
    opened = run.opened
    return experiment_id in {EXPERIMENT, opened.experiment_id if opened is not None else None}


def folder(run: TrackedRun | ChildRun) -> Path:
    """The folder in which files wait that MLflow would upload."""
    if run.journal is not None and run.journal.is_here():
        return (run.journal.folder / OWN).absolute()
    return (working_folder(run.root) / OWN / run.journal_id).absolute()


def artifact_folder(run: TrackedRun | ChildRun) -> Path:
    """The folder for the artifacts that the node of this thread logs."""
    return folder(run) / node_files.ARTIFACTS / thread()


def collect(run: TrackedRun, *, of_all: bool = False) -> None:
    """Log the files that were given to MLflow, and traces that are whole.

    Args:
        run: The run.
        of_all: Whether by any thread, none of which goes on; else by this thread's node.
    """
    from . import child_runs, kept_models

    owners: list[TrackedRun | ChildRun] = [run, *child_runs.known(run)]
    for each in owners:
        for entry, place in (
            *node_files.artifacts(folder(each) / node_files.ARTIFACTS, "*" if of_all else thread()),
            *kept_models.ready(each, of_all=of_all),
            *node_files.traces(folder(each) / node_files.TRACES),
        ):
            each.log_entry(entry)
            run.settle()
            shutil.rmtree(place, ignore_errors=True)


def warn(run: TrackedRun, what: str) -> None:
    """Warn, once a run, that something a node asked for cannot be done now."""
    if (run.journal_id, what) not in _warned:
        _warned.add((run.journal_id, what))
        logger.warning(
            "MLflow does not answer, or tracking is offline, so a node's call of `%s` does "
            "nothing; the pipeline runs on.",
            what,
        )


def no_answer(name: str) -> Exception:
    """Make the error for a node that asks for something that is not here."""
    from mlflow.exceptions import MlflowException

    return MlflowException(
        f"MLflow cannot be asked now (`{name}`), because it does not answer or tracking is "
        "offline: what a node logs is kept for later, but what MLflow has cannot be had."
    )


def journal_store(run: TrackedRun, *, of_thread: bool = False) -> Any:
    """Make a tracking store that writes to a run's journal; its arguments are that class's."""
    from .journal_store import JournalStore

    make: Any = JournalStore  # which has more methods than a type checker sees
    return make(run, of_thread=of_thread)


def thread() -> str:
    """Name the thread, and its process."""
    # The workers of a runner that forks have main threads of the same number.
    return f"{os.getpid()}-{threading.get_ident()}"


def _make_store(store_uri: str, artifact_uri: str | None = None) -> Any:  # noqa: ARG001 - MLflow's
    return journal_store(_runs[store_uri.partition("://")[2]], of_thread=True)
