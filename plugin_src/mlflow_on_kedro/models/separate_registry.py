"""A model registry on another server than the runs: copy the model's files to that server.

An MLflow server accepts as the source of a registered version only what it can look up itself: its
own runs and logged models, or files in a store that needs no MLflow server, such as S3.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..mlflow_internals import mlflow_globals
from ..tracking import capabilities, creating, experiments, store
from ..tracking.capabilities import Feature
from ..tracking.failures import is_gone
from ..utils.secrets import mask_urls, without_credentials
from .mlmodel import MLMODEL, with_ids

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .pending_registrations import PendingRegistration

COPY_TAG = "mlflow_on_kedro.copy_of"
"""The tag of a logged model on the registry's server with the URI of the original files."""
TRACKED_TAG = "mlflow_on_kedro.tracking_uri"
"""The tag of such a model with the tracking URI of the original's run."""
_OF_ONE_SERVER = ("", "file", "http", "https", "mlflow-artifacts")
"""Schemes of artifact URIs that another server cannot reach, or does not accept as a source."""


def is_used(client: MlflowClient) -> bool:
    """Whether the model registry is on another server than the runs."""
    import mlflow

    registry = mlflow.get_registry_uri()
    return registry != client.tracking_uri and store.is_remote(registry)


def registry_source(client: MlflowClient, pending: PendingRegistration) -> tuple[str, str | None]:
    """Return a model's source on the registry's server; copy its files there if needed.

    Args:
        client: A client of the run's store and of the registry.
        pending: The model.

    Returns:
        The source for the registered version, and the id of the logged model if it is one.

    Raises:
        ValueError: The registry's server cannot store the model.
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
    try:
        registry.get_logged_model(model_id)
    except Exception as error:
        if not is_gone(error):
            raise
        return False
    return True


def _copy(client: MlflowClient, registry: MlflowClient, pending: PendingRegistration) -> str:
    """Find or create the copy of a model on the registry's server, and return its id."""
    name = client.get_experiment(pending.run.info.experiment_id).name
    experiment = experiments.experiment_id(registry, name, None)
    origin = without_credentials(pending.location)
    tracking_uri = without_credentials(client.tracking_uri)
    copies = registry.search_logged_models(
        [experiment], filter_string=f"tags.`{COPY_TAG}` = '{origin}'"
    )
    found = [copy for copy in copies if copy.tags.get(TRACKED_TAG) == tracking_uri]
    copy = min(found, key=lambda item: item.creation_timestamp, default=None)
    if copy is None:
        what = f"{registry.tracking_uri} {origin}"
        with creating.creating(what, creating.PATIENT_SECONDS):
            copy = registry.create_logged_model(
                experiment,
                name=pending.name,
                tags={COPY_TAG: origin, TRACKED_TAG: tracking_uri},
                params=dict(pending.run.data.params),
                model_type=getattr(pending.model, "model_type", None),
            )
    if copy.status != "READY":
        _copy_files(client, registry, copy, pending.location)
    return str(copy.model_id)


def _copy_files(client: MlflowClient, registry: MlflowClient, copy: Any, location: str) -> None:
    from mlflow.artifacts import download_artifacts

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(
            download_artifacts(
                artifact_uri=location, dst_path=scratch, tracking_uri=client.tracking_uri
            )
        )
        ids = {"model_id": copy.model_id, "model_uuid": copy.model_id}
        with (
            # Before 3.2 MLflow uploads files to the tracking URI of the whole process.
            mlflow_globals.tracking_uri(registry.tracking_uri),
            with_ids(folder / MLMODEL, artifact_path=copy.artifact_location, **ids) as mlmodel,
        ):
            registry.log_model_artifacts(copy.model_id, str(folder))
            registry.log_model_artifact(copy.model_id, str(mlmodel))
    registry.finalize_logged_model(copy.model_id, "READY")
