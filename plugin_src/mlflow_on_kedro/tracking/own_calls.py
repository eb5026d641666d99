"""What nodes tell MLflow themselves while MLflow does not answer, or offline.

A node that calls ``mlflow.log_metric`` then speaks to a store whose content is the run's journal,
so that it neither fails nor logs to some other place, and its values are delivered with the rest.
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.records import Opened
from .store import WORKING_FOLDER

if TYPE_CHECKING:
    from ..run import TrackedRun

SCHEME = "mlflow-on-kedro"

# MLflow makes stores by URI, so the runs of this process are found by the name in it.
_runs: dict[str, TrackedRun] = {}


def registry() -> Any:
    """What MLflow makes its tracking stores by, and keeps them in."""
    from mlflow.tracking._tracking_service.utils import _tracking_store_registry

    return _tracking_store_registry


def uri_for(run: TrackedRun) -> str:
    """Give the tracking URI of the store that writes to a run's journal."""
    # MLflow has no public way to add a store but a package's entry point, and a project may have
    # this plugin as a copy.
    registry().register(SCHEME, _make_store)
    _runs[run.journal_id] = run
    return f"{SCHEME}://{run.journal_id}"


def opened_for(run: TrackedRun) -> Opened:
    """Describe the run as the node in this thread sees it; its artifacts are in a local folder."""
    run_id = f"{run.journal_id}-{threading.get_ident()}"
    return Opened(run_id, "0", _folder(run, run_id).as_uri(), run.name)


def as_entity(run: TrackedRun, opened: Opened) -> Any:
    """Make MLflow's ``Run`` of a run that is open, without a call to a server and without data."""
    from mlflow.entities import Run, RunData, RunInfo, RunInputs

    info = RunInfo(
        run_id=opened.run_id,
        experiment_id=opened.experiment_id,
        user_id="",
        status="RUNNING",
        start_time=run.start_ms,
        end_time=None,
        lifecycle_stage="active",
        artifact_uri=opened.artifact_uri,
        run_name=opened.name,
    )
    # Without inputs MLflow 3.1 asks None for its datasets.
    return Run(info, RunData(), RunInputs([]))


def is_of(run: TrackedRun, run_id: str) -> bool:
    """Whether a run id is one that :func:`opened_for` gave."""
    return bool(run.journal_id) and run_id.startswith(f"{run.journal_id}-")


def collect(run: TrackedRun, run_id: str) -> None:
    """Log the artifacts that a node has given MLflow."""
    folder = _folder(run, run_id)
    if folder.is_dir():
        run.log_artifact(folder)
        run.settle()
        shutil.rmtree(folder, ignore_errors=True)


def _folder(run: TrackedRun, run_id: str) -> Path:
    return (run.root / WORKING_FOLDER / "own" / run_id).absolute()


def _make_store(store_uri: str, artifact_uri: str | None = None) -> Any:  # noqa: ARG001 - MLflow's
    return journal_store(_runs[store_uri.partition("://")[2]])


def journal_store(run: TrackedRun) -> Any:
    """Make a tracking store that writes to a run's journal."""
    from .journal_store import JournalStore

    make: Any = JournalStore  # which has more methods than a type checker sees
    return make(run)
