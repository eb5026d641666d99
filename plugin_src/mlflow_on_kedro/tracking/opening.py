"""The last step of opening a run: finding or creating it in MLflow; and ending it there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.records import Header, Opened
from ..mlflow_internals.tags import PARENT_RUN
from . import creating, experiments, finding, resuming, shared_run
from .hidden_tags import value
from .user import USER_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_run(
    client: MlflowClient,
    header: Header,
    uri: str,
    root: Path,
    *,
    again: bool = False,
    known: dict[str, str] | None = None,
) -> Opened:
    """Find or create the run of a journal in MLflow.

    Args:
        client: A client of the store.
        header: The journal's header.
        uri: The tracking URI.
        root: The root of the project that delivers.
        again: Whether this was tried before, so that the run may exist.
        known: Ids of experiments that were found before, by name; this one is added.

    Raises:
        ConfigError: ``run.id`` or ``run.parent`` names no run of the store, or MLFLOW_EXPERIMENT_ID
            no experiment.
        DeletedExperimentError: The experiment is deleted, and is not to be restored.
        Exception: MLflow cannot be reached.
    """
    if header.run_id is not None:
        return _continue(client, header, uri)
    experiment = experiments.find_for_run(client, header, uri, root, {} if known is None else known)
    if header.key is not None:
        run = shared_run.join(client, experiment, header, _tags(header))
        by = value(run.data.tags, shared_run.JOURNAL_TAG)
        return replace(as_opened(run.info), joined=by != header.journal)
    again = again or creating.may_exist(header.journal)
    tag = shared_run.JOURNAL_TAG
    found = shared_run.with_tag(client, experiment, tag, header.journal) if again else []
    if found:
        if header.resume is not None:
            resuming.reopen(client, found[0])
        return as_opened(found[0].info)
    resumed = resuming.resume(client, experiment, header)
    if resumed is not None:
        return as_opened(resumed)
    with creating.creating(header.journal):
        created = client.create_run(
            experiment, start_time=header.start_ms, run_name=header.run_name, tags=_tags(header)
        )
    return as_opened(created.info)


def end_run(
    client: MlflowClient,
    header: Header,
    opened: Opened,
    status: str,
    time_ms: int,
    *,
    again: bool = False,
) -> str:
    """End the run of a journal in MLflow, unless it was active before the pipeline began.

    Args:
        client: A client of the store.
        header: The journal's header.
        opened: The run.
        status: How the pipeline has ended.
        time_ms: When, in milliseconds since the epoch.
        again: Whether another process may have created the run without receiving an answer.

    Returns:
        The run's status afterwards, which with a key depends on the other processes, too.
    """
    if not header.owned:
        return status
    if header.key is not None:
        return shared_run.end_part(client, opened.run_id, header, status, time_ms)
    if header.run_id is None and (again or creating.may_exist_twice(header.journal)):
        _remove_twins(client, header, opened)
    client.set_terminated(opened.run_id, status=status, end_time=time_ms)
    return status


def _remove_twins(client: MlflowClient, header: Header, opened: Opened) -> None:
    # A request to create the run may have reached the server after a second one.
    for run in shared_run.with_tag(
        client, opened.experiment_id, shared_run.JOURNAL_TAG, header.journal
    ):
        if run.info.run_id != opened.run_id:
            client.delete_run(run.info.run_id)
    creating.note_single(header.journal)


def _tags(header: Header) -> dict[str, str]:
    # MLflow reads the user only from the tags with which a run is created.
    given = {PARENT_RUN: header.parent or header.given_parent, USER_TAG: header.user}
    known = {key: value for key, value in given.items() if value}
    return {**known, shared_run.JOURNAL_TAG: header.journal}


def _continue(client: MlflowClient, header: Header, uri: str) -> Opened:
    run_id = str(header.run_id)
    info = finding.named_run(client, run_id, uri, "`run.id` in mlflow.yml (or MLFLOW_RUN_ID)")
    if header.owned:
        if info.lifecycle_stage == "deleted":
            client.restore_run(run_id)
        client.update_run(run_id, status="RUNNING")
    return as_opened(info)


def as_opened(info: Any) -> Opened:
    """Convert MLflow's ``RunInfo``."""
    return Opened(info.run_id, info.experiment_id, info.artifact_uri, info.run_name or "")
