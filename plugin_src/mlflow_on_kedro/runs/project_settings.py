"""A project's settings, read through a Kedro context: mlflow.yml, hooks' arguments, credentials."""

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
    """Read mlflow.yml; arguments of the project's hooks come before it."""
    entry = (catalog_config_of(context) or {}).get(run_dataset.RESERVED_NAME)
    return parsing.restore(entry["config"][0]) if entry is not None else project.read(context)


def access_of(context: KedroContext, settings: Config) -> Access:
    """Read how to access MLflow.

    Raises:
        ConfigError: See :func:`credentials_of`.
    """
    credentials = credentials_of(context, settings.tracking.credentials)
    return Access.from_settings(settings.tracking, credentials, Path(context.project_path))


def credentials_of(context: KedroContext, name: str | None) -> Mapping[str, Any]:
    """Read the entry of credentials.yml that ``tracking.credentials`` names.

    Raises:
        ConfigError: There is no such entry, or it contains something that MLflow does not need.
    """
    from kedro.config import MissingConfigException

    if not name:
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
    Access.from_settings(Tracking(), known[name], Path(context.project_path))
    found: Mapping[str, Any] = known[name]
    return found


def catalog_config_of(context: KedroContext) -> dict[str, Any] | None:
    """Read catalog.yml; None if the project has none."""
    from kedro.config import MissingConfigException

    try:
        return dict(context.config_loader["catalog"])
    except (MissingConfigException, KeyError):
        return None
