"""Aliases of registered versions: given once, and taken from no later run and from no user."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config.registration import Promotion, Registration
from ..tracking import capabilities, group_lookup
from ..tracking.capabilities import Feature
from ..utils.mlflow_limits import legal_key
from ..utils.suggestions import did_you_mean
from .versions import ALIASES_TAG, GIVEN

if TYPE_CHECKING:
    from mlflow import MlflowClient

_OF_THE_PLUGIN = ("time/", "system/")
_NAMED = 10
"""Metrics that a message names at most."""


class Outcome(NamedTuple):
    """What became of the aliases that a version was to get.

    Attributes:
        said: What has been done, and why, for a message.
        lacks_metric: The run has no metric of the name that ``promote`` gives.
    """

    said: list[str]
    lacks_metric: bool = False


def give(client: MlflowClient, run: Any, version: Any, registration: Registration) -> Outcome:
    """Give a version the aliases that are asked for, unless that was decided on before.

    Args:
        client: A client of the run's store and of the registry.
        run: MLflow's entity of the run.
        version: The version.
        registration: What is asked for.
    """
    if registration.alias is None and registration.promote is None:
        return Outcome([])
    if version.tags.get(ALIASES_TAG) == GIVEN:
        return Outcome([])
    giving = _Giving(client, run, version)
    try:
        said = []
        if registration.alias is not None:
            said.append(giving.give(registration.alias))
        if registration.promote is not None:
            said.append(giving.promote(registration.promote))
    except Exception as error:
        if not _lacks_aliases(client, version, error):
            raise
        return Outcome(["no alias, as this registry has none"])
    client.set_model_version_tag(version.name, version.version, ALIASES_TAG, GIVEN)
    return Outcome(said, giving.lacks_metric)


def _lacks_aliases(client: MlflowClient, version: Any, error: Exception) -> bool:
    import mlflow

    return capabilities.lacks(
        mlflow.get_registry_uri(),
        Feature.ALIASES,
        error,
        "registered versions get none",
        lambda: client.get_registered_model(version.name),
    )


class _Giving:
    """Decides who has an alias.

    Args:
        client: A client of the run's store and of the registry.
        run: MLflow's entity of the run.
        version: The version that may get aliases.
    """

    def __init__(self, client: MlflowClient, run: Any, version: Any) -> None:
        self._client = client
        self._run = run
        self._version = version
        present = client.get_registered_model(version.name).aliases
        self._holders = {alias: str(holder) for alias, holder in present.items()}
        self._before = _before(version)
        self._runs: dict[str, Any] = {}
        self.lacks_metric = False

    def give(self, alias: str) -> str:
        """Give an alias, unless a later run's has it: this one may be delivered late."""
        if (kept := self._kept_by_others(alias)) is not None:
            return kept
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
        """Give an alias if the version is better than the holder, and say why or why not."""
        alias, metric = promotion.alias, promotion.metric
        holder = self._holders.get(alias)
        if holder == str(self._version.version):
            return f"it has the alias '{alias}'"
        if (kept := self._kept_by_others(alias)) is not None:
            return kept
        new = group_lookup.metric(self._client, self._run, metric)
        if new is None or math.isnan(new):
            self.lacks_metric = new is None
            return f"it does not get the alias '{alias}', because its run {self._lacking(metric)}"
        if holder is None:
            self._set(alias)
            return f"alias '{alias}', which no version had ({metric} {new:g})"
        return self._given_if_better(promotion, new, holder)

    def _given_if_better(self, promotion: Promotion, new: float, holder: str) -> str:
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

    def _kept_by_others(self, alias: str) -> str | None:
        """Say that somebody has moved an alias since the version was made, if that is so."""
        if self._before is None:
            return None
        before, holder = self._before.get(alias), self._holders.get(alias)
        own = str(self._version.version)
        # A version that was made after this one may have it from its own run.
        if holder in {before, own} or (holder is not None and int(holder) > int(own)):
            return None
        whose = f"version {holder} has it" if holder is not None else "no version has it"
        return (
            f"it does not get the alias '{alias}', which somebody has moved in the meantime "
            f"({whose} now)"
        )

    def _lacking(self, metric: str) -> str:
        metrics = self._run.data.metrics
        if legal_key(metric) in metrics:
            return f"has {metric} NaN"
        own = sorted(name for name in metrics if not name.startswith(_OF_THE_PLUGIN))
        known = ", ".join(own[:_NAMED]) + (", …" if own[_NAMED:] else "") or "none"
        meant = did_you_mean(metric, own).replace(" Did", "; did")
        return f"has no metric '{metric}' (there: {known}{meant})"

    def _run_of(self, holder: str) -> Any:
        """The run of a version; None if it has none, or none any more."""
        if holder not in self._runs:
            self._runs[holder] = _run_of(self._client, self._version.name, holder)
        return self._runs[holder]

    def _set(self, alias: str) -> None:
        version = self._version
        self._client.set_registered_model_alias(version.name, alias, version.version)
        self._holders[alias] = str(version.version)


def _before(version: Any) -> dict[str, str] | None:
    """Which versions had its aliases before a version was made; None: nothing is known of it."""
    try:
        before = json.loads(version.tags[ALIASES_TAG])
        return {str(alias): str(holder) for alias, holder in before.items()}
    except (LookupError, ValueError, AttributeError):
        return None


def _run_of(client: MlflowClient, name: str, version: str) -> Any:
    from mlflow.exceptions import MlflowException

    run_id = client.get_model_version(name, version).run_id
    try:
        return client.get_run(run_id) if run_id else None
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
