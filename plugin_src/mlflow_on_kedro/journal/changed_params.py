"""Parameters that are logged with two values: MLflow keeps the first, a tag has the later one."""

from __future__ import annotations

import logging

from ..utils.mlflow_limits import legal_key

logger = logging.getLogger(__name__)


def changed_tag(key: str) -> str:
    """Return the name of the tag for the later value of a parameter."""
    return legal_key(f"param_changed.{key}")


def warn_changed(key: str, first: str, later: str) -> None:
    """Warn that a parameter was logged with two values."""
    logger.warning(
        "Parameter '%s' was logged as %.80r and now as %.80r; MLflow keeps the first, and the "
        "later value is in the tag '%s'.",
        key,
        first,
        later,
        changed_tag(key),
    )
