"""A model registry on another HTTP server than the runs: the model's files are brought there.

An MLflow server takes only what itself can look up as the source of a version: a logged model or a
run of its own, or files in a store that needs no MLflow server, such as S3.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..mlflow_internals import mlflow_globals
from ..tracking import capabilities, creating, experiments, store
from ..tracking.capabilities import Feature
from ..utils.secrets import mask_urls, without_credentials
from .mlmodel import MLMODEL, identified

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .pending import PendingRegistration

COPY_TAG = "mlflow_on_kedro.copy_of"
"""On a logged model of the registry's server: the URI of the files that it is a copy of."""
TRACKED_TAG = "mlflow_on_kedro.tracking_uri"
"""On such a model: the MLflow that has its run."""
_OF_ONE_SERVER = ("", "file", "http", "https", "mlflow-artifacts")
"""Where files are that the other server cannot reach, or does not take as a source."""


def is_asked(client: MlflowClient) -> bool:
    """Whether models are registered on another server than the one that has the runs."""
    import mlflow

    registry = mlflow.get_registry_uri()
    return registry != client.tracking_uri and store.is_remote(registry)


def source_there(client: MlflowClient, pending: PendingRegistration) -> tuple[str, str | None]:
    """Say by what source the registry's server takes a model, and bring the files there if needed.

    Args:
        client: A client of the run's store and of the registry.
        pending: The model.

    Returns:
        The source of its version, and the id of the logged model that it is, if it is one.

    Raises:
        ValueError: The registry's server cannot keep the model.
    """
    import mlflow
    from mlflow import MlflowClient

    uri = mlflow.get_registry_uri()
    is_mlflow = uri.startswith(("http://", "https://"))
    if not is_mlflow or urlsplit(pending.location).scheme not in _OF_ONE_SERVER:
        return pending.location, None
    registry = MlflowClient(tracking_uri=uri, registry_uri=uri)
    try:
        if pending.model_id is not None and _has(registry, pending.model_id):
            return f"models:/{pending.model_id}", pending.model_id  # one server with two names
        copy = _copy(client, registry, pending)
    except Exception as error:
        instead = "models of other servers cannot be registered there"
        if not capabilities.lacks(
            uri, Feature.LOGGED_MODELS, error, instead, registry.search_registered_models
        ):
            raise
        raise ValueError(
            f"the model registry at {mask_urls(uri)} cannot keep a model of another server. Leave "
            "`tracking.registry_uri` out, to register it where its run is, or have an artifact "
            "store that both servers reach, such as S3"
        ) from None
    return f"models:/{copy}", copy


def _has(registry: MlflowClient, model_id: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        registry.get_logged_model(model_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def _copy(client: MlflowClient, registry: MlflowClient, pending: PendingRegistration) -> str:
    """Make a logged model on the registry's server, or find it; return its id."""
    name = client.get_experiment(pending.run.info.experiment_id).name
    experiment = experiments.experiment_id(registry, name, None)
    origin = without_credentials(pending.location)
    copies = registry.search_logged_models(
        [experiment], filter_string=f"tags.`{COPY_TAG}` = '{origin}'"
    )
    found = [copy for copy in copies if copy.tags.get(TRACKED_TAG) == _tracked(client)]
    copy = min(found, key=lambda item: item.creation_timestamp, default=None)
    if copy is None:
        what = f"{registry.tracking_uri} {origin}"
        with creating.creating(what, creating.PATIENT_SECONDS):
            copy = registry.create_logged_model(
                experiment,
                name=pending.name,
                tags={COPY_TAG: origin, TRACKED_TAG: _tracked(client)},
                params=dict(pending.run.data.params),
                model_type=getattr(pending.model, "model_type", None),
            )
    if copy.status != "READY":
        _fill(client, registry, copy, pending.location)
    return str(copy.model_id)


def _tracked(client: MlflowClient) -> str:
    return without_credentials(client.tracking_uri)


def _fill(client: MlflowClient, registry: MlflowClient, copy: Any, location: str) -> None:
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(
            download_artifacts(
                artifact_uri=location, dst_path=scratch, tracking_uri=client.tracking_uri
            )
        )
        ids = {"model_id": copy.model_id, "model_uuid": copy.model_id}
        with (
            mlflow_globals.tracking_uri(
                registry.tracking_uri
            ),  # before MLflow 3.2 files go by that
            identified(folder / MLMODEL, artifact_path=copy.artifact_location, **ids) as mlmodel,
        ):
            registry.log_model_artifacts(copy.model_id, str(folder))
            registry.log_model_artifact(copy.model_id, str(mlmodel))
    registry.finalize_logged_model(copy.model_id, "READY")
