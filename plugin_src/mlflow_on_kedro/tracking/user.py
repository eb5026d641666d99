"""Who runs a pipeline."""

from __future__ import annotations

import getpass
import logging

logger = logging.getLogger(__name__)

USER_TAG = "mlflow.user"


def user_name() -> str | None:
    """The name of who runs the pipeline, if it is known."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        logger.debug("The user's name is not known.")
        return None
