"""MLflow's prompt registry: find a version, or register a new one if the content has changed."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..mlflow_internals import mlflow_globals
from ..mlflow_internals.logging_guard import kept_logging
from ..mlflow_internals.tags import IS_PROMPT
from ..tracking.failures import http_status, is_gone, is_unknown_alias
from ..tracking.hidden_tags import HIDDEN
from ..utils.mlflow_version import mlflow_version
from .content import PromptContent, WantedVersion
from .source import PromptSource

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import PromptVersion

logger = logging.getLogger(__name__)

_EARLIER_VERSIONS = 100
"""How many earlier versions are compared with what an old run has used."""
_ALIAS_TAG = f"{HIDDEN}alias"
"""On a version that is registered and does not have its alias yet: that alias."""
_register_lock = threading.Lock()


class UnsupportedPromptError(ValueError):
    """The installed MLflow cannot register a prompt of this kind."""


def find(client: MlflowClient, source: PromptSource) -> PromptVersion | None:
    """Return a version of a prompt; None: there is no such prompt, version or alias.

    MLflow's own cache is not used, which would return an alias's version of a minute ago.

    Args:
        client: A client of the registry.
        source: The prompt and its version.

    Raises:
        Exception: MLflow cannot be reached, or the name is that of a model.
    """
    try:
        if source.is_newest:
            return _newest(client, source.name)
        if source.version is not None:
            return _get(client, source.name, source.version)
        return _get_by_alias(client, source.name, source.alias)
    except Exception as error:
        if not _is_missing(error):
            raise
        return None


def find_or_register(
    client: MlflowClient, name: str, wanted: WantedVersion, *, made_ms: int | None = None
) -> PromptVersion | None:
    """Return the newest version if it has the wanted content; else register a new version.

    Args:
        client: A client of the registry.
        name: The prompt's name.
        wanted: The wanted version.
        made_ms: When its content was loaded or saved, in milliseconds since the epoch; None: now.
            A run that is delivered late does not make its old prompt the newest one again: if an
            earlier version has its content, that one is returned.

    Returns:
        None: no version has the content, and ``wanted.only_known`` is set.

    Raises:
        UnsupportedPromptError: The installed MLflow has no prompts of this kind.
        Exception: MLflow cannot be reached, or refuses the prompt.
    """
    with _register_lock, kept_logging():
        newest = find(client, PromptSource(name))
        is_late = made_ms is not None and newest is not None and _time(newest) > made_ms
        for version in _candidates(client, newest, earlier=is_late or wanted.only_known):
            if PromptContent.from_version(version) == wanted.content:
                if not wanted.only_known:
                    _set_missing_aliases(client, version, "" if is_late else wanted.alias)
                return version
        if wanted.only_known:
            return None
        alias = "" if is_late else wanted.alias
        registered = _register(client, name, wanted, alias)
        if is_late and newest is not None:
            logger.warning(
                "The prompt '%s' of an earlier run is registered as version %s, after version %s, "
                "which is newer than that run.",
                name,
                registered.version,
                newest.version,
            )
        if alias:
            _set_meant_alias(client, registered, alias)
            return _get(client, name, int(registered.version)) or registered  # without the tag
        return registered


def supports(content: PromptContent) -> bool:
    """Whether the installed MLflow can register a prompt with this content."""
    from mlflow import MlflowClient

    takes = inspect.signature(MlflowClient.register_prompt).parameters
    # The first MLflow 3 had texts only; chats and response formats came together.
    needs = {"response_format"} if content.is_chat else set()
    return takes.keys() >= needs | content.extras.keys()


def _register(client: MlflowClient, name: str, wanted: WantedVersion, alias: str) -> PromptVersion:
    content = wanted.content
    if not supports(content):
        kind = "chat prompts" if content.is_chat else " and ".join(content.extras)
        raise UnsupportedPromptError(f"MLflow {mlflow_version()} has no {kind} in its registry")
    template: Any = content.template
    version: PromptVersion = client.register_prompt(
        name,
        template,
        commit_message=wanted.commit_message or None,
        tags={**wanted.tags, **({_ALIAS_TAG: alias} if alias else {})},
        **content.extras,
    )
    logger.info("The prompt '%s' is registered as version %s.", name, version.version)
    return version


@contextmanager
def in_experiment(uri: str, experiment_id: str) -> Iterator[None]:
    """In a block, have MLflow list the prompts that are used with an experiment.

    Args:
        uri: The tracking URI.
        experiment_id: The experiment of the run that uses them.
    """
    with mlflow_globals.tracking_uri(uri), mlflow_globals.default_experiment(experiment_id):
        yield


def _get(client: MlflowClient, name: str, number: int) -> PromptVersion | None:
    version: PromptVersion | None = client.get_prompt_version(name, number)
    return version


def _get_by_alias(client: MlflowClient, name: str, alias: str) -> PromptVersion | None:
    version: PromptVersion | None = client.get_prompt_version_by_alias(name, alias)
    return version


def _newest(client: MlflowClient, name: str) -> PromptVersion | None:
    try:
        return _get_by_alias(client, name, "latest")
    except Exception as error:
        if "reserved" not in str(error):
            raise
    # The first MLflow 3 does not resolve `latest`, and lists prompts only among models.
    found = client.search_model_versions(f"name = '{name}' AND tags.`{IS_PROMPT}` = 'true'")
    newest = max((int(version.version) for version in found), default=None)
    return _get(client, name, newest) if newest is not None else None


def _candidates(
    client: MlflowClient, newest: PromptVersion | None, *, earlier: bool
) -> Iterator[PromptVersion]:
    """Yield the versions that may have the wanted content, the newest first."""
    if newest is None:
        return
    yield newest
    last = int(newest.version) - 1
    for number in range(last, max(0, last - _EARLIER_VERSIONS), -1) if earlier else ():
        version = find(client, PromptSource(newest.name, number))
        if version is not None:
            yield version


def _set_missing_aliases(client: MlflowClient, version: PromptVersion, alias: str) -> None:
    """Give a version an alias that no version has; one that was moved by hand stays there.

    If MLflow went away when the version had been registered, it gets the alias that it was meant to
    have, unless a newer version has it.
    """
    meant = version.tags.get(_ALIAS_TAG, "")
    if meant:
        holder = find(client, PromptSource(version.name, alias=meant))
        is_newer = holder is not None and int(holder.version) > int(version.version)
        _set_meant_alias(client, version, "" if is_newer else meant)
    if alias not in {"", meant} and find(client, PromptSource(version.name, alias=alias)) is None:
        client.set_prompt_alias(version.name, alias, int(version.version))


def _set_meant_alias(client: MlflowClient, version: PromptVersion, alias: str) -> None:
    """Set the alias that a version's tag names, and remove the tag."""
    number = int(version.version)
    if alias:
        client.set_prompt_alias(version.name, alias, number)
    client.delete_prompt_version_tag(version.name, number, _ALIAS_TAG)


def _time(version: PromptVersion) -> int:
    return int(version.creation_timestamp or 0)


def _is_missing(error: Exception) -> bool:
    # The first MLflow 3 has no error code for it.
    by_words = "not found" in str(error) and getattr(error, "error_code", "") == "INTERNAL_ERROR"
    return is_gone(error) or is_unknown_alias(error) or (by_words and http_status(error) is None)
