"""Versions of registered models: exactly one for each model of a run, even after retries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..config.registration import Registration
from ..tracking import creating
from ..tracking.failures import exists_already, is_gone
from ..tracking.hidden_tags import HIDDEN
from . import separate_registry
from .pending_registrations import PendingRegistration

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIASES_TAG = f"{HIDDEN}aliases"
"""The tag of a version that holds which versions had its aliases before, or :data:`ASSIGNED`."""
ASSIGNED = "given"
"""The tag's value once the aliases were assigned; from then on they are not changed."""


def find_or_create(
    client: MlflowClient,
    pending: PendingRegistration,
    registration: Registration,
    *,
    again: bool,
) -> Any:
    """Find the version that an earlier try has created, or create it.

    A server that answers too late may have created duplicates. Of these one stays: one that has an
    alias, or else the first.

    Args:
        client: A client of the run's store and of the registry.
        pending: The model.
        registration: The model's registration.
        again: Another process may have tried before.

    Returns:
        MLflow's entity of the version.
    """
    source, model_id = _source(client, pending)
    run_id = pending.run.info.run_id
    what = f"{run_id} {registration.name} {source}"
    found = _search(client, run_id, registration.name, source)
    if not found:
        aliases = _aliases(client, registration)
        tags = dict(registration.tags or {})
        if aliases is not None:
            tags[ALIASES_TAG] = json.dumps(aliases)
        created = _create(client, registration.name, what, source, run_id, tags, model_id)
        if not again and not creating.may_exist_twice(what):
            return created
        # The server may only now have created what an earlier try has requested.
        found = _search(client, run_id, registration.name, source) or [created]
    if len(found) > 1:
        found = _delete_duplicates(client, found)
    creating.note_single(what)
    return found[0]


def _source(client: MlflowClient, pending: PendingRegistration) -> tuple[str, str | None]:
    if separate_registry.is_used(client):
        return separate_registry.registry_source(client, pending)
    if pending.model_id is None:
        return pending.location, None
    return f"models:/{pending.model_id}", pending.model_id


def _search(client: MlflowClient, run_id: str, name: str, source: str) -> list[Any]:
    found = client.search_model_versions(f"run_id = '{run_id}'")
    same = [version for version in found if (version.name, version.source) == (name, source)]
    return sorted(same, key=lambda version: int(version.version))


def _aliases(client: MlflowClient, registration: Registration) -> dict[str, str] | None:
    """Return which versions have the configured aliases now; None: no alias is configured."""
    wanted = {registration.alias, getattr(registration.promote, "alias", None)} - {None}
    if not wanted:
        return None
    try:
        present = client.get_registered_model(registration.name).aliases
    except Exception as error:
        if not is_gone(error):
            raise
        _create_registered_model(client, registration.name)
        return {}
    return {alias: str(version) for alias, version in present.items() if alias in wanted}


def _create(
    client: MlflowClient,
    name: str,
    what: str,
    source: str,
    run_id: str,
    tags: dict[str, str],
    model_id: str | None,
) -> Any:
    def create() -> Any:
        with creating.creating(what, creating.PATIENT_SECONDS):
            return client.create_model_version(
                name, source, run_id=run_id, tags=tags, model_id=model_id
            )

    try:
        return create()
    except Exception as error:
        if not is_gone(error):
            raise
    _create_registered_model(client, name)
    return create()


def _create_registered_model(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except Exception as error:
        if not exists_already(error):
            raise


def _delete_duplicates(client: MlflowClient, versions: list[Any]) -> list[Any]:
    """Delete all versions but those that have an alias, or all but the first if none has one."""
    aliases = client.get_registered_model(versions[0].name).aliases
    holders = {str(holder) for holder in aliases.values()}
    kept = [version for version in versions if str(version.version) in holders] or versions[:1]
    for version in versions:
        if version not in kept:
            client.delete_model_version(version.name, version.version)
    return kept
