"""Child runs that nodes log to while MLflow does not answer: each has a journal of its own.

The journals lie in ``children/<id>/`` of the journal of the pipeline's run and are delivered after
it, because MLflow has no parent for them before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...delivery.journal_outbox import WorkerOutbox
from ...journal.entries import End
from ...journal.folder import Journal, is_id, new_id
from ...journal.outbox import Outbox
from ...journal.records import Header, Opened
from ...journal.run_logger import RunLogger
from ...journal.state import CHILDREN
from ...mlflow_internals.tags import PARENT_RUN, RUN_NAME
from ...tracking.user import USER_TAG
from . import placeholder_run

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

_known: dict[tuple[str, str], ChildRun] = {}
"""The child runs of this process, by the ids of the pipeline's journal and of their own."""
_created_in_mlflow: set[str] = set()
"""The ids of the runs that this process's nodes have created in MLflow."""


class ChildRun(RunLogger):
    """A child run that a node logs to by way of a journal.

    Args:
        pipeline: The pipeline's run.
        journal: The child's journal.
    """

    def __init__(self, pipeline: TrackedRun, journal: Journal) -> None:
        self._pipeline = pipeline
        self.config = pipeline.config
        self.secret_params = frozenset()
        self.root = pipeline.root
        self.journal = journal
        self.journal_id = journal.folder.name
        self.start_ms = journal.header.start_ms
        self._start_logging()
        raising = pipeline.config.tracking.on_failure == "raise"
        self._outbox = WorkerOutbox(journal, pipeline.uri, None, 0, raising=raising)

    @property
    def outbox(self) -> Outbox:
        """What takes the child's entries."""
        return self._outbox

    @property
    def run_id(self) -> str:
        """The id by which nodes know it: MLflow's if MLflow has the run, else the journal's."""
        return self.journal.header.run_id or self.journal_id

    def end(self, status: str, time_ms: int) -> None:
        """End the run; of several ends the last counts."""
        self.log_entry(End(status, time_ms))

    def opened(self) -> Opened:
        """Describe the run for nodes, with a local folder for its artifacts."""
        opened = self._pipeline.opened
        experiment = opened.experiment_id if opened is not None else placeholder_run.EXPERIMENT_ID
        folder = placeholder_run.artifact_folder(self).as_uri()
        return Opened(self.run_id, experiment, folder, self.journal.header.run_name or "")


def create(
    pipeline: TrackedRun,
    start_ms: int,
    tags: Mapping[str, str],
    *,
    journal_id: str | None = None,
    experiment: str | None = None,
) -> ChildRun:
    """Start a child run that MLflow does not have.

    Args:
        pipeline: The pipeline's run.
        start_ms: When it started, in milliseconds since the epoch.
        tags: MLflow's tags of the run, among them its name and parent.
        journal_id: The child's id. Default: a new one.
        experiment: The experiment's name. Default: the pipeline's.

    Raises:
        OSError: The disk is full.
    """
    parent = tags.get(PARENT_RUN)
    if parent is not None and placeholder_run.is_pipelines_run(pipeline, parent):
        parent = pipeline.journal_id
    base = _journal(pipeline).header
    header = replace(
        _header(base, journal_id or new_id(), start_ms),
        experiment=experiment or base.experiment,
        run_name=tags.get(RUN_NAME),
        user=tags.get(USER_TAG),
        parent=parent,
    )
    child = _make(pipeline, header)
    for key, value in tags.items():
        if key not in {PARENT_RUN, RUN_NAME}:
            child.set_tag(key, value)
    return child


def continue_run(pipeline: TrackedRun, run_id: str) -> ChildRun:
    """Return the child run that continues, in a journal, a run that MLflow has.

    Raises:
        OSError: The disk is full.
    """
    found = find(pipeline, run_id)
    if found is not None:
        return found
    base = _journal(pipeline).header
    header = replace(_header(base, derived_id(run_id), base.start_ms), run_id=run_id)
    return _make(pipeline, header)


def note_created(run_id: str) -> None:
    """Note that a node of this process has created a run in MLflow."""
    _created_in_mlflow.add(run_id)


def was_created_here(run_id: str) -> bool:
    """Whether a node of this process has created a run in MLflow."""
    return run_id in _created_in_mlflow


def find(pipeline: TrackedRun, run_id: str) -> ChildRun | None:
    """Find the child run with an id that a node knows, also if another process has started it."""
    if pipeline.journal is None:
        return None
    name = run_id if is_id(run_id) else derived_id(run_id)
    for key in dict.fromkeys((name, derived_id(run_id))):
        known = _known.get((pipeline.journal_id, key))
        if known is not None:
            return known
        journal = Journal(pipeline.journal.folder / CHILDREN / key)
        if journal.exists():
            return _known.setdefault((pipeline.journal_id, key), ChildRun(pipeline, journal))
    return None


def folder_for(pipeline: TrackedRun, run_id: str) -> Path:
    """Return the folder that :func:`continue_run` uses for a run."""
    return _journal(pipeline).folder.absolute() / CHILDREN / derived_id(run_id)


def known(pipeline: TrackedRun) -> list[ChildRun]:
    """Return the child runs that this process has started or found."""
    return [child for (of, _), child in list(_known.items()) if of == pipeline.journal_id]


def forget(pipeline: TrackedRun) -> None:
    """Forget the child runs of a pipeline's run that has ended."""
    for key in [key for key in list(_known) if key[0] == pipeline.journal_id]:
        _known.pop(key, None)


def _journal(pipeline: TrackedRun) -> Journal:
    if pipeline.journal is None:
        raise FileNotFoundError("the run has no journal")
    return pipeline.journal


def _header(base: Header, journal_id: str, start_ms: int) -> Header:
    return Header(
        journal=journal_id,
        experiment=base.experiment,
        start_ms=start_ms,
        root=base.root,
        uri=base.uri,
        kedro_run_id=base.kedro_run_id,
        max_copy=base.max_copy,
    )


def _make(pipeline: TrackedRun, header: Header) -> ChildRun:
    journal = Journal.create(_journal(pipeline).folder / CHILDREN, header)
    journal.release()  # the lock of the pipeline's journal keeps other processes away
    child = ChildRun(pipeline, journal)
    _known[pipeline.journal_id, header.journal] = child
    return child


def derived_id(text: str) -> str:
    """Make a journal's id of a text, the same one in any process."""
    return hashlib.sha256(text.encode()).hexdigest()[:24]
