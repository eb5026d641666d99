"""Finding models: which version of a registered model, which of a run's models is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..mlflow_internals import errors
from ..tracking.downloads import artifacts_of
from .mlmodel import MLMODEL

if TYPE_CHECKING:
    from mlflow import MlflowClient

LATEST = "latest"
"""What stands for the newest version of a registered model, whatever its stage."""


def newest_version(client: MlflowClient, name: str, stage: str) -> Any:
    """The newest version of a registered model, of any stage or of one."""
    latest = client.get_registered_model(name).latest_versions
    fitting = [
        version for version in latest if stage in {LATEST, str(version.current_stage).lower()}
    ]
    if not fitting:
        of = "" if stage == LATEST else f" in the stage '{stage}'"
        raise errors.not_found(f"The registered model '{name}' has no version{of}.")
    return max(fitting, key=lambda version: int(version.version))


def uri_of_step(client: MlflowClient, run_id: str, name: str, step: int) -> str:
    """The URI of the model that a run has logged under a name at a step."""
    outputs = getattr(client.get_run(run_id), "outputs", None)
    made = outputs.model_outputs if outputs is not None else []
    of_step = [client.get_logged_model(item.model_id) for item in made if item.step == step]
    fitting = [model for model in of_step if model.name == name]
    if not fitting:
        there = ", ".join(str(step) for step in sorted({item.step for item in made}))
        raise errors.not_found(
            f"The run has no model of this name of step {step}. Its models are of step {there}."
            if there
            else "The run has no models."
        )
    newest = max(fitting, key=lambda model: model.creation_timestamp)
    return f"models:/{newest.model_id}"


def in_run(client: MlflowClient, run_id: str, name: str) -> bool:
    """Whether a run has a model of that name."""
    from mlflow.exceptions import MlflowException

    try:
        return f"{name}/{MLMODEL}" in artifacts_of(client, run_id, name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise
