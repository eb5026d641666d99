"""``run.resume``: going on with the run of a pipeline that has failed.

Which run was a pipeline's last one is noted in the project, below its working folder, one small
file a user, environment and pipeline. So it is never somebody else's, whoever tracks to the same
server, and no request is made to find it before it is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.folder import is_id
from ..journal.records import Header
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from ..utils.pipeline_info import pipeline_names
from ..utils.replacing import write_text
from . import shared_run
from .parts import ERROR_TAG, how_it_ended
from .store import working_folder
from .timing_metrics import FAILED_NODE_TAG
from .user import user_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

FOLDER = "last_runs"
RESUMED_TAG = "kedro.resumed_after"
"""How the earlier attempts of a run have ended, one a line."""
_UNSUCCESSFUL = ("FAILED", "KILLED")


def series_of(run_params: Mapping[str, Any]) -> str:
    """Name the runs of which one may go on with another: those of a pipeline in an environment.

    Example:
        >>> series_of({"pipeline_names": ["train"], "env": "prod", "from_nodes": ["fit"]})
        'train in prod'
    """
    env = run_params.get("env")
    return ",".join(sorted(pipeline_names(run_params))) + (f" in {env}" if env else "")


def note(root: Path, series: str, journal: str) -> None:
    """Note that a run of a pipeline has begun, by the id of its journal."""
    path = _file(root, series)
    with contextlib.suppress(OSError):  # the disk is full or read-only
        write_text(path, journal)


def last(root: Path, series: str) -> str | None:
    """The id of the journal of a pipeline's last run here; None if there was none."""
    try:
        found = _file(root, series).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        found = ""
    if is_id(found):
        return found
    logger.info(
        "`run.resume`: there is no earlier run of the pipeline %s here, so a new one begins.",
        series,
    )
    return None


def go_on(client: MlflowClient, experiment: str, header: Header) -> Any | None:
    """Open the run again that a journal is to go on with.

    It gets the tag by which this journal's run is found, so a second try finds it by that.

    Args:
        client: A client of the store.
        experiment: The experiment's id.
        header: The header of the present run.

    Returns:
        MLflow's ``RunInfo``; None if the last run was not unsuccessful, or is not there.
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
    """Let a run that has failed or was killed run again; how it ended becomes its history."""
    info, tags = run.info, run.data.tags
    if info.status not in _UNSUCCESSFUL:
        return
    ended = how_it_ended(info.status, tags.get(FAILED_NODE_TAG), tags.get(ERROR_TAG))
    logger.info(
        "Going on with the run %s (%s), which was %.300s.", info.run_name, info.run_id, ended
    )
    history = "\n".join(filter(None, [tags.get(RESUMED_TAG), ended]))
    client.set_tag(info.run_id, RESUMED_TAG, history[-MAX_TAG_LENGTH:])
    for tag in (FAILED_NODE_TAG, ERROR_TAG):
        if tag in tags:
            shared_run.delete_tag(client, info.run_id, tag)
    client.update_run(info.run_id, status="RUNNING")


def _file(root: Path, series: str) -> Path:
    whose = f"{user_name()}/{series}"
    return working_folder(root) / FOLDER / hashlib.sha256(whose.encode()).hexdigest()[:24]
