"""Which of a run's artifacts are tables: the tag by which MLflow's UI and ``load_table`` know."""

from __future__ import annotations

import json
import logging

from ..utils.mlflow_limits import MAX_TAG_LENGTH

logger = logging.getLogger(__name__)

TAG = "mlflow.loggedArtifacts"
"""As ``mlflow.utils.mlflow_tags.MLFLOW_LOGGED_ARTIFACTS``."""


def listing(artifact: str) -> str:
    """The tag's value for one table.

    Example:
        >>> listing("scores.json")
        '[{"path": "scores.json", "type": "table"}]'
    """
    return json.dumps([{"path": artifact, "type": "table"}])


def joined(*listings: str | None) -> str:
    """The tag's value for all tables of several listings; what is no listing is left out.

    A run's tables are logged by several processes, and the tag has to name them all.
    """
    found: list[object] = []
    for listing_ in listings:
        for item in _items(listing_):
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


def _items(listing_: str | None) -> list[object]:
    try:
        items = json.loads(listing_ or "[]")
    except ValueError:
        return []
    return items if isinstance(items, list) else []
