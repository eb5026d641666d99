"""What a node gets for a call that only the server could answer, while it does not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

_warned: set[tuple[str, str]] = set()


def warn_ignored(run: TrackedRun, call: str) -> None:
    """Warn, once for each run and call, that a node's call of MLflow is ignored."""
    if (run.journal_id, call) not in _warned:
        _warned.add((run.journal_id, call))
        logger.warning(
            "MLflow does not answer, or tracking is offline, so a node's call of `%s` does "
            "nothing; the pipeline runs on.",
            call,
        )


def no_answer(call: str) -> Exception:
    """Make the error for a node that asks MLflow for something that the journal does not have."""
    from mlflow.exceptions import MlflowException

    return MlflowException(
        f"MLflow cannot be asked now (`{call}`), because it does not answer or tracking is "
        "offline. What a node logs is delivered later, but a node cannot read from MLflow."
    )
