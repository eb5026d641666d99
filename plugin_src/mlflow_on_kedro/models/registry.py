"""The model registry: versions of a run's models, once the run has succeeded."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..config.registration import Registration
from ..mlflow_internals import mlflow_globals
from ..mlflow_internals.logging_guard import kept_logging
from ..tracking.failures import Kind, kind_of, reason
from . import aliases, versions
from .pending import PendingRegistration, pending_registrations

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_OF_ONE_MODEL = (Kind.FORBIDDEN, Kind.REFUSED, Kind.GONE, Kind.MISSING, Kind.MISTAKE)
"""Failures of one registration that say nothing of the others."""


def register(
    client: MlflowClient, uri: str, pending: PendingRegistration, *, again: bool = True
) -> str:
    """Register a model, and say so in the log; doing it again changes nothing.

    Args:
        client: A client of the run's store and of the registry.
        uri: The tracking URI.
        pending: The model.
        again: Another process may have tried before.

    Returns:
        The message; "" if it is a warning, which is shown in any case.

    Raises:
        ValueError: The registration is damaged, or the registry's server cannot keep the model.
        Exception: The registry refuses it, or cannot be reached; the next call goes on.
    """
    registration = Registration.from_text(pending.text)
    # MLflow looks a logged model up by the tracking URI of the whole process.
    with mlflow_globals.tracking_uri(uri), kept_logging():
        version = versions.find_or_make(client, pending, registration, again=again)
        outcome = aliases.give(client, pending.run, version, registration)
    done = f"The model '{pending.name}' is registered as '{version.name}' version {version.version}"
    message = "; ".join([done, *outcome.said]) + "."
    logger.log(logging.WARNING if outcome.lacks_metric else logging.INFO, "%s", message)
    return "" if outcome.lacks_metric else message


def register_models(
    client: MlflowClient,
    run_id: str,
    uri: str,
    *,
    only: str | None = None,
    raising: bool = False,
    again: bool = True,
) -> None:
    """Register those models of a run for which that was asked; doing it again changes nothing.

    A model that the registry refuses is said and left out; the others are registered.

    Args:
        client: A client of the run's store and of the registry.
        run_id: The run.
        uri: The tracking URI.
        only: The name of the one model that it is about; None: all of the run's.
        raising: Raise the first refusal, once the others are registered.
        again: Another process may have tried before.

    Raises:
        Exception: MLflow cannot be reached; the next call goes on.
    """
    refused: Exception | None = None
    for pending in pending_registrations(client, run_id):
        if only not in (None, pending.name):
            continue
        try:
            register(client, uri, pending, again=again)
        except Exception as error:
            if kind_of(error) not in _OF_ONE_MODEL:
                raise
            refused = refused or error
            if not raising:
                logger.warning("%s", refusal_message(pending, error))
    if raising and refused is not None:
        raise refused


def refusal_message(pending: PendingRegistration, error: Exception) -> str:
    """Say that a model is not registered, and why.

    Args:
        pending: The model.
        error: What :func:`register` has raised.
    """
    return f"The model '{pending.name}' is not registered: {reason(error)}"
