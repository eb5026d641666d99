"""A project's settings as a Kedro context has them: mlflow.yml, hooks' arguments, credentials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import parsing, project
from ..config.sections import Config, Tracking
from ..errors import ConfigError
from ..tracking.access import Access
from . import run_dataset

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


def settings_of(context: KedroContext) -> Config:
    """The configuration of a project, with the arguments of its hooks laid over mlflow.yml."""
    entry = (catalog_config_of(context) or {}).get(run_dataset.RESERVED_NAME)
    return parsing.parse(entry["config"][0]) if entry is not None else project.read(context)


def access_of(context: KedroContext, settings: Config) -> Access:
    """What a command needs to speak to MLflow.

    Raises:
        ConfigError: See :func:`credentials_of`.
    """
    credentials = credentials_of(context, settings.tracking.credentials)
    return Access.of(settings.tracking, credentials, Path(context.project_path))


def credentials_of(context: KedroContext, name: str | None) -> Mapping[str, Any]:
    """Find what ``tracking.credentials`` names.

    Raises:
        ConfigError: credentials.yml has no such entry, or it holds what MLflow does not need.
    """
    from kedro.config import MissingConfigException

    if name is None:
        return {}
    try:
        known = context.config_loader["credentials"]
    except (MissingConfigException, KeyError):
        known = {}
    if not isinstance(known.get(name), Mapping):
        raise ConfigError(
            f"`tracking.credentials` is {name!r}, and credentials.yml has no such entry. "
            f"It has: {', '.join(known) or 'none'}."
        )
    Access.of(Tracking(), known[name], Path(context.project_path))
    found: Mapping[str, Any] = known[name]
    return found


def catalog_config_of(context: KedroContext) -> dict[str, Any] | None:
    """The content of catalog.yml; None if the project has none."""
    from kedro.config import MissingConfigException

    try:
        return dict(context.config_loader["catalog"])
    except (MissingConfigException, KeyError):
        return None
