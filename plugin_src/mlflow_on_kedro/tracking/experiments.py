"""Finding or creating the experiment that a run belongs to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import keys, values
from ..errors import DeletedExperimentError
from .failures import is_refusal, reason

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

MAX_TAG_LENGTH = 5000
"""MLflow's limit for the tags of experiments; since 3.6 it is higher."""


def experiment_id(
    client: MlflowClient,
    name: str,
    location: str | None,
    tags: Mapping[str, str] | None = None,
    *,
    restore: bool = True,
) -> str:
    """Find an experiment by its name; restore it if it was deleted, create it if it is missing.

    Args:
        client: A client of the store.
        name: The experiment's name.
        location: The URI for its artifacts, used only when it is created.
        tags: Tags that it should have; one that it has already keeps its value.
        restore: Whether a deleted one is restored.

    Raises:
        DeletedExperimentError: It was deleted, and is not to be restored.
    """
    from mlflow.exceptions import MlflowException

    tags = tags or {}
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=dict(tags)))
        except MlflowException:  # another process was faster
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    found = str(experiment.experiment_id)
    if experiment.lifecycle_stage == "deleted":
        if not restore:
            raise DeletedExperimentError(
                f"Experiment '{name}' was deleted, and `experiment.restore_if_deleted` is false. "
                f"`mlflow experiments restore --experiment-id {found}`, with MLFLOW_TRACKING_URI "
                "set, restores it; or choose another `experiment.name`"
            )
        logger.warning("Experiment '%s' was deleted; it is restored for this run.", name)
        client.restore_experiment(found)
    for key in tags.keys() - experiment.tags.keys():
        _set_tag(client, found, key, tags[key])
    return found


def tag_texts(tags: Mapping[str, Any]) -> dict[str, str]:
    """Write tags as MLflow takes them: legal keys, short texts, no credentials in URLs.

    Example:
        >>> tag_texts({"team": "wine", "size": 3})
        {'team': 'wine', 'size': '3'}
    """
    return {
        keys.legal_key(str(key)): values.tag_text(value)[:MAX_TAG_LENGTH]
        for key, value in tags.items()
    }


def _set_tag(client: MlflowClient, experiment: str, key: str, value: str) -> None:
    try:
        client.set_experiment_tag(experiment, key, value)
    except Exception as error:
        if not is_refusal(error):
            raise
        logger.warning("MLflow did not take the experiment's tag '%s': %s.", key, reason(error))
