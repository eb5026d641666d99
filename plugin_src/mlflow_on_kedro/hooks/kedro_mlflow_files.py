"""The files of a project of kedro-mlflow, read as they are, and what is said of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ..compat.entry_change import EntryChange
from ..compat.kedro_mlflow import MIGRATE
from ..compat.kedro_mlflow.catalog_entries import translated
from ..compat.kedro_mlflow.mlflow_yml import Translation
from ..errors import ConfigError


def translate(catalog: dict[str, Any]) -> list[EntryChange]:
    """Translate the entries of a catalog that have datasets of kedro-mlflow.

    Args:
        catalog: The content of catalog.yml, which is changed.

    Returns:
        The changes.

    Raises:
        ConfigError: kedro-mlflow has no class of that name.
    """
    found = []
    for name, entry in catalog.items():
        if not isinstance(entry, Mapping):
            continue
        try:
            change = translated(name, entry)
        except ValueError as error:
            raise ConfigError(f"catalog.yml: '{name}': {error}") from None
        if change is not None:
            catalog[name] = change.entry
            found.append(change)
    return found


def messages(
    translation: Translation, entries: Sequence[EntryChange], where: str
) -> list[tuple[int, str]]:
    """Make the messages for the beginning of a run: one line, and one for each note.

    Args:
        translation: What has become of mlflow.yml.
        entries: What has become of catalog entries.
        where: The names of the files mlflow.yml.

    Returns:
        Each message with its level; none for a project without anything of kedro-mlflow.
    """
    found = [where] if translation.changes else []
    if entries:
        found.append(f"{len(entries)} catalog {'entry' if len(entries) == 1 else 'entries'}")
    if not found:
        return []
    line = (
        f"Written for kedro-mlflow, and read as it is: {' and '.join(found)}. "
        f"`{MIGRATE}` rewrites it for this plugin."
    )
    notes = [*translation.notes, *(f"{note}." for entry in entries for note in entry.notes)]
    return [(logging.INFO, line), *((logging.WARNING, note) for note in notes)]
