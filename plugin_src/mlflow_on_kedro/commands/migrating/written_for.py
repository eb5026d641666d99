"""The other plugins that a project is written for, found without planning any change."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ...compat.kedro_mlflow.mlflow_yml import is_old
from .project_files import conf_folders, config_files, other_files
from .sources import SOURCES
from .yaml_tree import entries_of


def written_for(root: Path, conf_source: str) -> list[str]:
    """Return the names of the plugins whose modules or keys a project's files have.

    Args:
        root: The project's root.
        conf_source: The folder with its configuration, of settings.py.
    """
    folders = conf_folders(root, conf_source)
    paths = [*other_files(root, ".py")]
    paths += [path for one in folders for path in config_files(one, "catalog")]
    paths += [path for one in folders for path in config_files(one, "parameters")]
    texts = [text for path in paths if (text := _text(path))]
    found = [
        source.name for source in SOURCES if source.is_replaced and any(map(source.is_in, texts))
    ]
    files = [path for one in folders for path in config_files(one, "mlflow")]
    name = SOURCES[0].name
    if name not in found and any(_is_old(_text(path)) for path in files):
        found.insert(0, name)
    return found


def _is_old(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return is_old(entries_of(text))
    return False


def _text(path: Path) -> str:
    with contextlib.suppress(OSError, UnicodeError):
        return path.read_text(encoding="utf-8")
    return ""
