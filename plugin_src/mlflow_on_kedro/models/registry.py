"""The model registry: versions of a run's models, once the run has succeeded."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from ..keys import legal_key
from ..tracking import fluent, store
from ..tracking.failures import is_mistake, is_refusal, reason
from ..tracking.logging_guard import kept_logging
from .logged_models import REGISTER_TAG, outputs_of
from .registration import Promotion, Registration

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

_NAMED = 10
"""Metrics that a message names at most."""


def register_models(
    client: MlflowClient, run_id: str, uri: str, *, only: str | None = None, raising: bool = False
) -> None:
    """Register those models of a run for which that was asked; doing it again changes nothing.

    What the registry refuses is said and left out.

    Args:
        client: A client of the run's store and of the registry.
        run_id: The run.
        uri: The tracking URI.
        only: The name of the one model that it is about; None: all of the run's.
        raising: Raise what the registry refuses (``tracking.on_failure: raise``).

    Raises:
        Exception: MLflow cannot be reached; the next call goes on.
    """
    run = client.get_run(run_id)
    for model in _wanted(client, run):
        if only not in (None, model.name):
            continue
        try:
            registration = Registration.from_text(model.tags[REGISTER_TAG])
            # MLflow looks a logged model up by the tracking URI of the whole process.
            with fluent.tracking_uri(uri), kept_logging():
                _register(client, run, model, registration)
        except Exception as error:
            if raising or not (is_refusal(error) or is_mistake(error)):
                raise
            logger.warning("The model '%s' is not registered: %s", model.name, reason(error))


def _wanted(client: MlflowClient, run: Any) -> list[Any]:
    """The models to register: of several under one name the last that was saved."""
    models = [client.get_logged_model(model_id) for model_id in outputs_of(run)]
    found = {
        model.name: model
        for model in sorted(models, key=lambda item: item.creation_timestamp)
        if REGISTER_TAG in model.tags and model.source_run_id == run.info.run_id
    }
    return list(found.values())


def _register(client: MlflowClient, run: Any, model: Any, registration: Registration) -> None:
    version = _version(client, run, model, registration)
    said = [f"The model '{model.name}' is registered as '{version.name}' version {version.version}"]
    if registration.alias is not None:
        said.append(_give_alias(client, run, version, registration.alias))
    if registration.promote is not None:
        said.append(_promote(client, run, version, registration.promote))
    logger.info("%s.", "; ".join(said))


def _version(client: MlflowClient, run: Any, model: Any, registration: Registration) -> Any:
    """Make a version, or find the one that an earlier try has made."""
    source, model_id = f"models:/{model.model_id}", model.model_id
    if _is_of_another_server(client):
        # It cannot look the model up. Where its files are is the same for both.
        source, model_id = model.artifact_location, None
    there = client.search_model_versions(f"run_id = '{run.info.run_id}'")
    for version in there:
        if version.name == registration.name and version.source == source:
            return version
    _make_registered_model(client, registration.name)
    return client.create_model_version(
        registration.name,
        source,
        run_id=run.info.run_id,
        tags=dict(registration.tags or {}),
        model_id=model_id,
    )


def _is_of_another_server(client: MlflowClient) -> bool:
    import mlflow

    registry = mlflow.get_registry_uri()
    return registry != client.tracking_uri and store.is_remote(registry)


def _make_registered_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code not in {"RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"}:
            raise


def _give_alias(client: MlflowClient, run: Any, version: Any, alias: str) -> str:
    """Give an alias to a version, unless a later run's has it: this one may be delivered late."""
    holder = client.get_registered_model(version.name).aliases.get(alias)
    if holder is not None and str(holder) != str(version.version):
        later = _run_of(client, version.name, str(holder))
        if later is not None and later.info.start_time > run.info.start_time:
            return (
                f"it does not get the alias '{alias}', which version {holder} has, of the later "
                f"run {later.info.run_name}"
            )
    client.set_registered_model_alias(version.name, alias, version.version)
    return f"alias '{alias}'"


def _promote(client: MlflowClient, run: Any, version: Any, promotion: Promotion) -> str:
    """Give the alias to a version if it is better than the holder, and say why or why not."""
    alias, metric = promotion.alias, promotion.metric
    aliases = client.get_registered_model(version.name).aliases
    holder = aliases.get(alias)
    if str(holder) == str(version.version):
        return f"it has the alias '{alias}'"
    new = run.data.metrics.get(legal_key(metric))
    if new is None or math.isnan(new):
        own = sorted(name for name in run.data.metrics if not name.startswith("time/"))
        known = ", ".join(own[:_NAMED]) + (", …" if own[_NAMED:] else "") or "none"
        lacks = f"has no metric '{metric}' (there: {known})" if new is None else f"has {metric} NaN"
        return f"it does not get the alias '{alias}', because its run {lacks}"
    if holder is None:
        client.set_registered_model_alias(version.name, alias, version.version)
        return f"alias '{alias}', which no version had ({metric} {new:g})"
    held = _metric_of(client, version.name, str(holder), legal_key(metric))
    if held is None:
        return (
            f"it does not get the alias '{alias}', because nothing is known of the {metric} of "
            f"version {holder}, which has it"
        )
    if promotion.is_better(new, held):
        client.set_registered_model_alias(version.name, alias, version.version)
        return f"alias '{alias}': its {metric} {new:g} is better than {held:g} of version {holder}"
    return (
        f"it does not get the alias '{alias}': its {metric} {new:g} is not better than {held:g} "
        f"of version {holder}"
    )


def _metric_of(client: MlflowClient, name: str, version: str, metric: str) -> float | None:
    run = _run_of(client, name, version)
    value = run.data.metrics.get(metric) if run is not None else None
    return float(value) if value is not None else None


def _run_of(client: MlflowClient, name: str, version: str) -> Any:
    """The run of a version; None if it has none, or none any more."""
    from mlflow.exceptions import MlflowException

    run_id = client.get_model_version(name, version).run_id
    try:
        return client.get_run(run_id) if run_id else None
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
