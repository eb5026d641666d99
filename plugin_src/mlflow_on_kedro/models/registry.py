"""Register the models of a run in the model registry, once the run has succeeded."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ..config.registration import Registration
from ..errors import MLflowOnKedroError
from ..mlflow_internals import mlflow_globals
from ..mlflow_internals.logging_guard import kept_logging
from ..mlflow_internals.tags import MODEL_VERSIONS
from ..tracking.failures import Kind, kind_of, reason
from . import aliases, separate_registry, versions
from .pending_registrations import PendingRegistration, pending_registrations

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_OF_ONE_MODEL = (Kind.FORBIDDEN, Kind.REFUSED, Kind.GONE, Kind.MISSING, Kind.MISTAKE)
"""Kinds of failures that concern one registration only, so that the others are still tried."""


def register(
    client: MlflowClient, uri: str, pending: PendingRegistration, *, again: bool = True
) -> str:
    """Register a model, and log that; registering it again changes nothing.

    Args:
        client: A client of the run's store and of the registry.
        uri: The tracking URI.
        pending: The model.
        again: Another process may have tried before.

    Returns:
        The message; "" if it was logged as a warning, which is shown in any case.

    Raises:
        ValueError: The registration is damaged, or the registry's server cannot store the model.
        Exception: The registry refuses it, or cannot be reached; the next call continues.
    """
    registration = Registration.from_text(pending.text)
    # MLflow looks up a logged model at the tracking URI of the whole process.
    with mlflow_globals.tracking_uri(uri), kept_logging():
        version = versions.find_or_create(client, pending, registration, again=again)
        outcome = aliases.assign(client, pending.run, version, registration)
        _note_version(client, pending, version)
    done = f"The model '{pending.name}' is registered as '{version.name}' version {version.version}"
    message = "; ".join([done, *outcome.messages]) + "."
    logger.log(logging.WARNING if outcome.lacks_metric else logging.INFO, "%s", message)
    return "" if outcome.lacks_metric else message


def _note_version(client: MlflowClient, pending: PendingRegistration, version: Any) -> None:
    """Name the version on the logged model, for the page "Models" of MLflow's UI.

    A server does this itself; a client of a database does not.
    """
    if pending.model is None or separate_registry.is_used(client):
        return
    model = client.get_logged_model(pending.model.model_id)
    known = json.loads(model.tags.get(MODEL_VERSIONS) or "[]")
    item = {"name": version.name, "version": str(version.version)}
    if item not in known:
        client.set_logged_model_tags(model.model_id, {MODEL_VERSIONS: json.dumps([*known, item])})


def register_models(
    client: MlflowClient,
    run_id: str,
    uri: str,
    *,
    only: str | None = None,
    raising: bool = False,
    again: bool = True,
) -> None:
    """Register the models of a run that are to be registered; doing it again changes nothing.

    If the registry refuses a model, a warning is logged, and the others are still registered.

    Args:
        client: A client of the run's store and of the registry.
        run_id: The run.
        uri: The tracking URI.
        only: Register the model of this name only; None: all models of the run.
        raising: Raise the first refusal as an error, once the others are registered.
        again: Another process may have tried before.

    Raises:
        MLflowOnKedroError: The registry refuses a model, and ``raising`` is true.
        Exception: MLflow cannot be reached; the next call continues.
    """
    refused: MLflowOnKedroError | None = None
    for pending in pending_registrations(client, run_id):
        if only not in (None, pending.name):
            continue
        try:
            register(client, uri, pending, again=again)
        except Exception as error:
            if kind_of(error) not in _OF_ONE_MODEL:
                raise
            message = refusal_message(pending, error)
            refused = refused or MLflowOnKedroError(message)
            if not raising:
                logger.warning("%s", message)
    if raising and refused is not None:
        raise refused


def refusal_message(pending: PendingRegistration, error: Exception) -> str:
    """Return the message that a model is not registered, and why.

    Args:
        pending: The model.
        error: The exception of :func:`register`.
    """
    return f"The model '{pending.name}' is not registered: {reason(error)}"
