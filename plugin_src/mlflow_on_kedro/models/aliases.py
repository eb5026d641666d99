"""Assign aliases to registered versions, once, and never against a later run or a user."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config.registration import Promotion, Registration
from ..journal.span import OF_THE_PLUGIN
from ..tracking import capabilities, group_lookup, hidden_tags
from ..tracking.capabilities import Feature
from ..tracking.failures import is_gone
from ..utils.mlflow_limits import legal_key
from ..utils.suggestions import did_you_mean
from .versions import ALIASES_TAG, ASSIGNED

if TYPE_CHECKING:
    from mlflow import MlflowClient

_NAMED = 10
"""The most metrics that a message names."""


class Outcome(NamedTuple):
    """The outcome of assigning aliases to a version.

    Attributes:
        messages: What was done, and why.
        lacks_metric: Whether the run lacks the metric that ``promote`` names.
    """

    messages: list[str]
    lacks_metric: bool = False


def assign(client: MlflowClient, run: Any, version: Any, registration: Registration) -> Outcome:
    """Give a version the aliases that are configured, unless that was done before.

    Args:
        client: A client of the run's store and of the registry.
        run: MLflow's entity of the run.
        version: The version.
        registration: The model's registration.
    """
    if registration.alias is None and registration.promote is None:
        return Outcome([])
    if hidden_tags.value(version.tags, ALIASES_TAG) == ASSIGNED:
        return Outcome([])
    assigner = _AliasAssigner(client, run, version)
    try:
        messages = []
        if registration.alias is not None:
            messages.append(assigner.assign(registration.alias))
        if registration.promote is not None:
            messages.append(assigner.promote(registration.promote))
    except Exception as error:
        if not _lacks_aliases(client, version, error):
            raise
        return Outcome(["no alias, as this registry has none"])
    client.set_model_version_tag(version.name, version.version, ALIASES_TAG, ASSIGNED)
    return Outcome(messages, assigner.lacks_metric)


def _lacks_aliases(client: MlflowClient, version: Any, error: Exception) -> bool:
    import mlflow

    return capabilities.lacks(
        mlflow.get_registry_uri(),
        Feature.ALIASES,
        error,
        "registered versions get none",
        lambda: client.get_registered_model(version.name),
    )


class _AliasAssigner:
    """Decide which version of a registered model has an alias.

    Args:
        client: A client of the run's store and of the registry.
        run: MLflow's entity of the run.
        version: The new version, which may get aliases.
    """

    def __init__(self, client: MlflowClient, run: Any, version: Any) -> None:
        self._client = client
        self._run = run
        self._version = version
        present = client.get_registered_model(version.name).aliases
        self._holders = {alias: str(holder) for alias, holder in present.items()}
        self._before = _holders_before(version)
        self._runs: dict[str, Any] = {}
        self.lacks_metric = False

    def assign(self, alias: str) -> str:
        """Assign an alias, unless a later run's version has it: this run may be delivered late."""
        if (moved := self._moved_by_user(alias)) is not None:
            return moved
        holder = self._holders.get(alias)
        if holder == str(self._version.version):
            return f"alias '{alias}'"
        if holder is not None:
            later = self._run_of(holder)
            if later is not None and later.info.start_time > self._run.info.start_time:
                return (
                    f"it does not get the alias '{alias}', which version {holder} has, of the "
                    f"later run {later.info.run_name}"
                )
        self._set(alias)
        return f"alias '{alias}'"

    def promote(self, promotion: Promotion) -> str:
        """Assign an alias if the version's metric is better than the holder's; return why."""
        alias, metric = promotion.alias, promotion.metric
        holder = self._holders.get(alias)
        if holder == str(self._version.version):
            return f"it has the alias '{alias}'"
        if (moved := self._moved_by_user(alias)) is not None:
            return moved
        new = group_lookup.metric(self._client, self._run, metric)
        if new is None or math.isnan(new):
            self.lacks_metric = new is None
            return f"it does not get the alias '{alias}', because its run {self._no_metric(metric)}"
        if holder is None:
            self._set(alias)
            return f"alias '{alias}', which no version had ({metric} {new:g})"
        return self._assign_if_better(promotion, new, holder)

    def _assign_if_better(self, promotion: Promotion, new: float, holder: str) -> str:
        alias, metric = promotion.alias, promotion.metric
        run = self._run_of(holder)
        held = group_lookup.metric(self._client, run, metric) if run is not None else None
        if held is None:
            return (
                f"it does not get the alias '{alias}', because nothing is known of the {metric} of "
                f"version {holder}, which has it"
            )
        if promotion.is_better(new, held):
            self._set(alias)
            return (
                f"alias '{alias}': its {metric} {new:g} is better than {held:g} of version {holder}"
            )
        return (
            f"it does not get the alias '{alias}': its {metric} {new:g} is not better than "
            f"{held:g} of version {holder}"
        )

    def _moved_by_user(self, alias: str) -> str | None:
        """Return a message if somebody has moved an alias since the version was created."""
        if self._before is None:
            return None
        before, holder = self._before.get(alias), self._holders.get(alias)
        own = str(self._version.version)
        # A newer version may have got it from its own run.
        if holder in {before, own} or (holder is not None and int(holder) > int(own)):
            return None
        whose = f"version {holder} has it" if holder is not None else "no version has it"
        return (
            f"it does not get the alias '{alias}', which somebody has moved in the meantime "
            f"({whose} now)"
        )

    def _no_metric(self, metric: str) -> str:
        metrics = self._run.data.metrics
        if legal_key(metric) in metrics:
            return f"has {metric} NaN"
        own = sorted(name for name in metrics if not name.startswith(OF_THE_PLUGIN))
        known = ", ".join(own[:_NAMED]) + (", …" if own[_NAMED:] else "") or "none"
        meant = did_you_mean(metric, own).replace(" Did", "; did")
        return f"has no metric '{metric}' (there: {known}{meant})"

    def _run_of(self, holder: str) -> Any:
        """Return the run of a version; None if it has none, or the run was deleted."""
        if holder not in self._runs:
            self._runs[holder] = _run_of(self._client, self._version.name, holder)
        return self._runs[holder]

    def _set(self, alias: str) -> None:
        version = self._version
        self._client.set_registered_model_alias(version.name, alias, version.version)
        self._holders[alias] = str(version.version)


def _holders_before(version: Any) -> dict[str, str] | None:
    """Return which versions had the aliases before a version was created; None: unknown."""
    try:
        before = json.loads(hidden_tags.value(version.tags, ALIASES_TAG) or "")
        return {str(alias): str(holder) for alias, holder in before.items()}
    except (LookupError, ValueError, AttributeError):
        return None


def _run_of(client: MlflowClient, name: str, version: str) -> Any:
    run_id = client.get_model_version(name, version).run_id
    try:
        return client.get_run(run_id) if run_id else None
    except Exception as error:
        if not is_gone(error):
            raise
        return None
