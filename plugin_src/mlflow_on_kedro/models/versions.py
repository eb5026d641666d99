"""Versions of registered models: one for each model of a run, however often it is tried."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..config.registration import Registration
from ..tracking import creating
from ..tracking.failures import exists_already, is_gone
from . import other_server
from .pending import PendingRegistration

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIASES_TAG = "mlflow_on_kedro.aliases"
"""On a version: which version had each of its aliases before it was made, or :data:`GIVEN`."""
GIVEN = "given"
"""The tag's value once the aliases have been decided on; they are not touched any more."""


def find_or_make(
    client: MlflowClient,
    pending: PendingRegistration,
    registration: Registration,
    *,
    again: bool,
) -> Any:
    """Find the version that an earlier try has made, or make it.

    Of twins, which a server makes that answered too late, one stays: that with an alias, else the
    first.

    Args:
        client: A client of the run's store and of the registry.
        pending: The model.
        registration: What is asked for.
        again: Another process may have tried before.

    Returns:
        MLflow's entity of the version.
    """
    source, model_id = _source(client, pending)
    run_id = pending.run.info.run_id
    what = f"{run_id} {registration.name} {source}"
    found = _made_of(client, run_id, registration.name, source)
    if not found:
        aliases = _aliases(client, registration)
        tags = dict(registration.tags or {})
        if aliases is not None:
            tags[ALIASES_TAG] = json.dumps(aliases)
        made = _make(client, registration.name, what, source, run_id, tags, model_id)
        if not again and not creating.may_exist_twice(what):
            return made
        # What an earlier try has asked for may have been made only now.
        found = _made_of(client, run_id, registration.name, source) or [made]
    if len(found) > 1:
        found = _without_twins(client, found)
    creating.note_single(what)
    return found[0]


def _source(client: MlflowClient, pending: PendingRegistration) -> tuple[str, str | None]:
    if other_server.is_asked(client):
        return other_server.source_there(client, pending)
    if pending.model_id is None:
        return pending.location, None
    return f"models:/{pending.model_id}", pending.model_id


def _made_of(client: MlflowClient, run_id: str, name: str, source: str) -> list[Any]:
    found = client.search_model_versions(f"run_id = '{run_id}'")
    same = [version for version in found if (version.name, version.source) == (name, source)]
    return sorted(same, key=lambda version: int(version.version))


def _aliases(client: MlflowClient, registration: Registration) -> dict[str, str] | None:
    """Say which versions have the aliases that are asked for; None: none is asked for."""
    wanted = {registration.alias, getattr(registration.promote, "alias", None)} - {None}
    if not wanted:
        return None
    try:
        present = client.get_registered_model(registration.name).aliases
    except Exception as error:
        if not is_gone(error):
            raise
        _make_registered_model(client, registration.name)
        return {}
    return {alias: str(version) for alias, version in present.items() if alias in wanted}


def _make(
    client: MlflowClient,
    name: str,
    what: str,
    source: str,
    run_id: str,
    tags: dict[str, str],
    model_id: str | None,
) -> Any:
    def make() -> Any:
        with creating.creating(what, creating.PATIENT_SECONDS):
            return client.create_model_version(
                name, source, run_id=run_id, tags=tags, model_id=model_id
            )

    try:
        return make()
    except Exception as error:
        if not is_gone(error):
            raise
    _make_registered_model(client, name)
    return make()


def _make_registered_model(client: MlflowClient, name: str) -> None:
    try:
        client.create_registered_model(name)
    except Exception as error:
        if not exists_already(error):
            raise


def _without_twins(client: MlflowClient, twins: list[Any]) -> list[Any]:
    """Delete all but one; a version that somebody has given an alias is left alone."""
    aliases = client.get_registered_model(twins[0].name).aliases
    holders = {str(version) for version in aliases.values()}
    kept = [twin for twin in twins if str(twin.version) in holders] or twins[:1]
    for twin in twins:
        if twin not in kept:
            client.delete_model_version(twin.name, twin.version)
    return kept
