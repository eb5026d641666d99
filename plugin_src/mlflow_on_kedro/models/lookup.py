"""Look up models: the newest version of a registered model, and the models of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..mlflow_internals import errors
from ..tracking.downloads import artifacts_of
from ..tracking.failures import is_gone
from .mlmodel import MLMODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient

LATEST = "latest"
"""The word in a URI for the newest version of a registered model, of any stage."""


def newest_version(client: MlflowClient, name: str, stage: str) -> Any:
    """Return the newest version of a registered model.

    Args:
        client: A client of the registry.
        name: The registered model.
        stage: The stage that the version must have, in lower case, or :data:`LATEST` for any.

    Raises:
        mlflow.exceptions.MlflowException: There is no such version.
    """
    latest = client.get_registered_model(name).latest_versions
    found = [version for version in latest if stage in {LATEST, str(version.current_stage).lower()}]
    if not found:
        of_stage = "" if stage == LATEST else f" in the stage '{stage}'"
        raise errors.not_found(f"The registered model '{name}' has no version{of_stage}.")
    return max(found, key=lambda version: int(version.version))


def uri_of_step(client: MlflowClient, run_id: str, name: str, step: int) -> str:
    """Return the URI of the model that a run has logged under a name at a step.

    Raises:
        mlflow.exceptions.MlflowException: There is no such model.
    """
    outputs = getattr(client.get_run(run_id), "outputs", None)
    logged = outputs.model_outputs if outputs is not None else []
    of_step = [client.get_logged_model(item.model_id) for item in logged if item.step == step]
    found = [model for model in of_step if model.name == name]
    if not found:
        steps = ", ".join(str(step) for step in sorted({item.step for item in logged}))
        raise errors.not_found(
            f"The run has no model of this name of step {step}. Its models are of step {steps}."
            if steps
            else "The run has no models."
        )
    newest = max(found, key=lambda model: model.creation_timestamp)
    return f"models:/{newest.model_id}"


def run_has_model(client: MlflowClient, run_id: str, name: str) -> bool:
    """Whether a run has a model of a name."""
    try:
        return f"{name}/{MLMODEL}" in artifacts_of(client, run_id, name)
    except Exception as error:
        if is_gone(error):
            return False
        raise
