"""Which run was a pipeline's last one, for ``run.resume``: a note on local disk.

There is one small file a user, environment and pipeline in the project's working folder. So the
run is never somebody else's, whoever tracks to the same server, and finding it takes no request.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..journal.folder import is_id
from ..tracking.store import working_folder
from ..tracking.user import user_name
from ..utils.pipeline_info import pipeline_names
from ..utils.replacing import write_text

logger = logging.getLogger(__name__)

FOLDER = "last_runs"


def series_of(run_params: Mapping[str, Any]) -> str:
    """Name the series of runs in which one may resume another: a pipeline's in one environment.

    Example:
        >>> series_of({"pipeline_names": ["train"], "env": "prod", "from_nodes": ["fit"]})
        'train in prod'
    """
    env = run_params.get("env")
    return ",".join(sorted(pipeline_names(run_params))) + (f" in {env}" if env else "")


def write(root: Path, series: str, journal: str) -> None:
    """Note that a run of a series has begun.

    Args:
        root: The project's root.
        series: The series: see :func:`series_of`.
        journal: The id of the run's journal.
    """
    with contextlib.suppress(OSError):  # the disk is full or read-only
        write_text(_file(root, series), journal)


def read(root: Path, series: str) -> str | None:
    """Return the id of the journal of the last run of a series; None if there was none here."""
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


def _file(root: Path, series: str) -> Path:
    users_series = f"{user_name()}/{series}"
    return working_folder(root) / FOLDER / hashlib.sha256(users_series.encode()).hexdigest()[:24]
