"""Deliver ``Prompt`` entries of the journal: register what is new, and link it to the run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..journal.entries import Prompt
from ..models import separate_registry
from ..tracking.failures import is_gone, is_silent, reason
from . import links, registry
from .content import WantedVersion

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


def send(client: MlflowClient, uri: str, run_id: str, entry: Prompt) -> None:
    """Register a prompt if its newest version has other content, and link it to a run.

    Sending it again changes nothing.

    Args:
        client: A client of the run's store and of the registry.
        uri: The tracking URI.
        run_id: The run.
        entry: The entry.

    Raises:
        ValueError: The entry is damaged, MLflow has no prompts of this kind, or the version was
            deleted meanwhile.
        RuntimeError: The registry is on another server, which does not answer; that is no reason
            for the run's files to wait.
        Exception: MLflow cannot be reached, or refuses the prompt.
    """
    silence = ""
    try:
        _send(client, uri, run_id, entry)
    except Exception as error:
        if is_gone(error):
            raise ValueError(f"MLflow does not have it any more: {reason(error)}") from None
        if not (is_silent(error) and separate_registry.is_used(client)):
            raise
        silence = reason(error)
    if silence:  # not within the block: the network's error would be this one's cause
        raise RuntimeError(f"the model registry does not answer: {silence}")


def _send(client: MlflowClient, uri: str, run_id: str, entry: Prompt) -> None:
    version = entry.version
    if not version:
        wanted = WantedVersion.from_text(entry.wanted)
        experiment_id = client.get_run(run_id).info.experiment_id
        with registry.in_experiment(uri, experiment_id):
            found = registry.find_or_register(client, entry.name, wanted, made_ms=entry.time)
        if found is None:
            logger.info("No version of the prompt '%s' has the content that was used.", entry.name)
            return
        version = int(found.version)
    links.link_to_run(client, uri, run_id, entry.name, version)
