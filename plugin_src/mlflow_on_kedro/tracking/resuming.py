"""``run.resume``: continuing, in MLflow, the run of a pipeline that has failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..journal.folder import is_id
from ..journal.records import Header
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from . import shared_run
from .parts import ERROR_TAG, how_it_ended
from .timing_metrics import FAILED_NODE_TAG, INTERRUPTED_TAG, stopped_at

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

RESUMED_TAG = "kedro.resumed_after"
"""How the earlier attempts of a run have ended, one per line."""
_UNSUCCESSFUL = ("FAILED", "KILLED")


def resume(client: MlflowClient, experiment: str, header: Header) -> Any | None:
    """Reopen the run of an earlier journal for a new one.

    The run gets the tag of the new journal, by which a second attempt finds it.

    Args:
        client: A client of the store.
        experiment: The experiment's id.
        header: The header of the new journal; ``resume`` names the earlier one.

    Returns:
        MLflow's ``RunInfo``; None if the earlier run has not failed, or is not in MLflow.
    """
    earlier = header.resume
    if earlier is None or not is_id(earlier):
        return None
    found = shared_run.with_tag(client, experiment, shared_run.JOURNAL_TAG, earlier)
    if not found:
        logger.info(
            "`run.resume`: MLflow does not have the last run of this pipeline in the experiment "
            "'%s', so a new one begins.",
            header.experiment,
        )
        return None
    run = found[-1]
    if run.info.status not in _UNSUCCESSFUL:
        logger.info(
            "`run.resume`: the last run of this pipeline, %s, is %s, so a new one begins.",
            run.info.run_name,
            run.info.status,
        )
        return None
    client.set_tag(run.info.run_id, shared_run.JOURNAL_TAG, header.journal)
    reopen(client, run)
    return run.info


def reopen(client: MlflowClient, run: Any) -> None:
    """Set a failed or killed run to running; a tag keeps how it had ended."""
    info, tags = run.info, run.data.tags
    if info.status not in _UNSUCCESSFUL:
        return
    ended = how_it_ended(info.status, stopped_at(tags), tags.get(ERROR_TAG))
    logger.info(
        "Going on with the run %s (%s), which was %.300s.", info.run_name, info.run_id, ended
    )
    history = "\n".join(filter(None, [tags.get(RESUMED_TAG), ended]))
    client.set_tag(info.run_id, RESUMED_TAG, history[-MAX_TAG_LENGTH:])
    for tag in (FAILED_NODE_TAG, INTERRUPTED_TAG, ERROR_TAG):
        if tag in tags:
            shared_run.delete_tag(client, info.run_id, tag)
    client.update_run(info.run_id, status="RUNNING")
