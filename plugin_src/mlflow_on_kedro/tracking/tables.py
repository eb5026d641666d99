"""The tag that names a run's tables, which MLflow's UI and ``load_table`` read."""

from __future__ import annotations

import json
import logging

from ..utils.mlflow_limits import MAX_TAG_LENGTH

logger = logging.getLogger(__name__)

TAG = "mlflow.loggedArtifacts"
"""As ``mlflow.utils.mlflow_tags.MLFLOW_LOGGED_ARTIFACTS``."""


def tag_value(artifact: str) -> str:
    """Return the tag's value for one table.

    Example:
        >>> tag_value("scores.json")
        '[{"path": "scores.json", "type": "table"}]'
    """
    return json.dumps([{"path": artifact, "type": "table"}])


def merge(*tag_values: str | None) -> str:
    """Return the tag's value for all tables of several values; invalid ones are left out.

    Several processes log tables of a run, and the tag has to name them all.
    """
    found: list[object] = []
    for value in tag_values:
        for item in _items(value):
            if item in found:
                continue
            if len(json.dumps([*found, item])) > MAX_TAG_LENGTH:
                logger.warning(
                    "MLflow has no room to list %s as a table of the run: it is a JSON artifact.",
                    item,
                )
            else:
                found.append(item)
    return json.dumps(found)


def _items(value: str | None) -> list[object]:
    try:
        items = json.loads(value or "[]")
    except ValueError:
        return []
    return items if isinstance(items, list) else []
