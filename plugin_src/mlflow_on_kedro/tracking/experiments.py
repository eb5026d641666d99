"""Finding or creating the experiment of a run."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.sections import Config
from ..errors import ConfigError, DeletedExperimentError
from ..journal import values
from ..journal.records import Header
from ..utils import mlflow_limits, run_variables
from ..utils.secrets import mask_urls
from . import finding, store, uris
from .failures import is_gone, is_refusal, reason

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
    """Find an experiment by its name; restore it if it is deleted, create it if it is missing.

    Args:
        client: A client of the store.
        name: The experiment's name.
        location: The URI for its artifacts, used only when it is created.
        tags: Tags to add; a tag that it has already keeps its value.
        restore: Whether to restore a deleted one.

    Raises:
        DeletedExperimentError: The experiment is deleted, and is not to be restored.
    """
    from mlflow.exceptions import MlflowException

    tags = tags or {}
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=dict(tags)))
        except MlflowException:  # another process has created it meanwhile
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    return _prepared(client, experiment, tags, restore=restore)


def find_for_run(
    client: MlflowClient, header: Header, uri: str, root: Path, known: dict[str, str]
) -> str:
    """Find or create the experiment of a new run.

    Args:
        client: A client of the store.
        header: The header of the run's journal.
        uri: The tracking URI.
        root: The root of the project that delivers.
        known: Ids of experiments that were found before, by name; this one is added.

    Raises:
        ConfigError: There is no run or experiment with the given id.
        DeletedExperimentError: The experiment is deleted, and is not to be restored.
    """
    if header.given_parent is not None:  # MLflow's UI shows a child below its parent only there
        place = "`run.parent` (or MLFLOW_RUN_ID with `run.nested`)"
        return str(finding.named_run(client, header.given_parent, uri, place).experiment_id)
    restore, tags = header.restore_experiment, header.experiment_tags
    if header.experiment_id is not None:
        key = f"the id {header.experiment_id}"
        if key not in known:
            wanted = header.experiment_id
            known[key] = check_experiment(client, wanted, tags, restore=restore)
        return known[key]
    name = header.experiment
    if name not in known:
        location = store.resolve_artifact_location(header.artifact_location, uri, name, root)
        known[name] = experiment_id(client, name, location, tags, restore=restore)
    return known[name]


def from_environment(config: Config, root: Path) -> str | None:
    """Return the experiment's id, if ``MLFLOW_EXPERIMENT_ID`` chooses the experiment.

    As in MLflow, a name comes first: ``experiment.name``, then ``MLFLOW_EXPERIMENT_NAME``.

    Args:
        config: The whole configuration.
        root: The project's root.

    Raises:
        ConfigError: No MLflow can be at the tracking URI.
    """
    given = run_variables.experiment_id()
    if given is None or config.experiment.name or run_variables.experiment_name():
        return None
    return given if uris.is_of_environment(config.tracking.uri, root) else None


def check_experiment(
    client: MlflowClient, wanted: str, tags: Mapping[str, str] | None = None, *, restore: bool
) -> str:
    """Check that an experiment with an id exists, and restore it if it is deleted.

    Args:
        client: A client of the store.
        wanted: The id.
        tags: As for :func:`experiment_id`.
        restore: As for :func:`experiment_id`.

    Raises:
        ConfigError: There is none.
        DeletedExperimentError: The experiment is deleted, and is not to be restored.
    """
    try:
        experiment = client.get_experiment(wanted)
    except Exception as error:
        if not (is_gone(error) or is_refusal(error)):
            raise
        raise ConfigError(
            f"The environment variable MLFLOW_EXPERIMENT_ID is {wanted!r}, but MLflow at "
            f"{mask_urls(client.tracking_uri)} has no such experiment. Correct it, or choose the "
            "experiment by `experiment.name` in mlflow.yml."
        ) from None
    return _prepared(client, experiment, tags or {}, restore=restore)


def _prepared(
    client: MlflowClient, experiment: Any, tags: Mapping[str, str], *, restore: bool
) -> str:
    from mlflow.exceptions import MlflowException

    name, found = experiment.name, str(experiment.experiment_id)
    if experiment.lifecycle_stage == "deleted":
        if not restore:
            raise DeletedExperimentError(
                f"Experiment '{name}' was deleted, and `experiment.restore_if_deleted` is false. "
                f"`mlflow experiments restore --experiment-id {found}`, with MLFLOW_TRACKING_URI "
                "set, restores it; or choose another `experiment.name`"
            )
        logger.warning("Experiment '%s' was deleted; it is restored for this run.", name)
        try:
            client.restore_experiment(found)
        except MlflowException:  # another process has restored it meanwhile
            if client.get_experiment(found).lifecycle_stage == "deleted":
                raise
    for key in tags.keys() - experiment.tags.keys():
        _set_tag(client, found, key, tags[key])
    return found


def tag_texts(tags: Mapping[str, Any]) -> dict[str, str]:
    """Convert tags to what MLflow accepts: legal keys, short texts, no credentials in URLs.

    Example:
        >>> tag_texts({"team": "wine", "size": 3})
        {'team': 'wine', 'size': '3'}
    """
    return {
        mlflow_limits.legal_key(str(key)): values.tag_text(value)[:MAX_TAG_LENGTH]
        for key, value in tags.items()
    }


def _set_tag(client: MlflowClient, experiment: str, key: str, value: str) -> None:
    try:
        client.set_experiment_tag(experiment, key, value)
    except Exception as error:
        if not is_refusal(error):
            raise
        logger.warning("MLflow did not take the experiment's tag '%s': %s.", key, reason(error))
