"""An mlflow.yml of kedro-mlflow, read as it is: what depends on the project and its MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..compat.kedro_mlflow.dotted_keys import has_key
from ..compat.kedro_mlflow.mlflow_yml import Change, Translation, is_old, translated
from ..utils.mlflow_version import mlflow_version
from . import files, uri_checks
from .uri_schemes import SQLITE

_REFERENCE = "${"
"""In content that is not resolved, as `kedro mlflow migrate` reads it."""
_URI, _REGISTRY_URI = "tracking.uri", "tracking.registry_uri"


def read(content: Mapping[str, Any], loader: Any, root: Path) -> Translation:
    """Translate the content of mlflow.yml, if it has keys of kedro-mlflow.

    Args:
        content: The content of all environments' files together.
        loader: The session's config loader.
        root: The project's root.

    Returns:
        The content for this plugin. Folders that MLflow does not track to any more, and credentials
        that do not exist, are left out of it with a note.
    """
    if not is_old(content):
        return translated(content)
    paths = files.files_of(loader)
    found = translated(content, lambda change: _is_later(change, paths))
    tracking = found.content.get("tracking")
    if not isinstance(tracking, dict):
        return found
    notes = [
        *_without_folders(tracking, found.changes, root),
        *_without_unknown_credentials(tracking, found.changes, loader),
    ]
    return Translation(found.content, [*found.changes, *notes])


def _is_later(change: Change, paths: Sequence[Path]) -> bool:
    """Whether the last file that sets a key, under its old name or the new one, has the old one."""
    for path in reversed(paths):
        given = files.read(path)
        if has_key(given, change.old):
            return True
        if change.new is not None and has_key(given, change.new):
            return False
    return False


def _without_folders(
    tracking: dict[str, Any], changes: Sequence[Change], root: Path
) -> list[Change]:
    """Leave out folders as stores, if this MLflow refuses them."""
    found = []
    sqlite_file = SQLITE.rpartition("/")[2]
    for change in changes:
        uri = change.value
        is_uri = change.new in {_URI, _REGISTRY_URI} and isinstance(uri, str)
        is_folder = is_uri and _REFERENCE not in uri and uri_checks.is_refused_folder(uri)
        key = str(change.new).rpartition(".")[2]
        if not is_folder or tracking.get(key) != uri:
            continue
        del tracking[key]
        note = (
            f"MLflow {mlflow_version()} does not track to folders, and '{change.old}' is one "
            f"({uri}): "
        )
        if change.new == _URI:
            note += f"runs go to MLFLOW_TRACKING_URI, if that is set, else to {SQLITE}."
            folder = root / str(uri).removeprefix("file://")
            if folder.is_dir() and not (root / sqlite_file).exists():
                note += (
                    f" `mlflow migrate-filestore --source {uri} --target {SQLITE}` brings the "
                    "folder's runs there; it has to be before the first new run."
                )
        else:
            note += "models are registered where runs are."
        found.append(Change(change.old, change.new, None, note))
    return found


def _without_unknown_credentials(
    tracking: dict[str, Any], changes: Sequence[Change], loader: Any
) -> list[Change]:
    """Leave out credentials that credentials.yml does not have, which kedro-mlflow ignored."""
    from kedro.config import MissingConfigException

    name = tracking.get("credentials")
    given = next((one for one in changes if one.value == name and name is not None), None)
    if given is None or _REFERENCE in str(name):
        return []
    try:
        known = loader["credentials"]
    except (MissingConfigException, KeyError):
        known = {}
    if name in known:
        return []
    del tracking["credentials"]
    note = f"'{given.old}' is {name!r}, and credentials.yml has no such entry: none are sent."
    return [Change(given.old, given.new, None, note)]
