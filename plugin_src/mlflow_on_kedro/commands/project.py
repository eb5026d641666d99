"""Read the project's configuration, for all commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

    from ..config.sections import Config


def project_settings(root: Path, env: str | None) -> Config:
    """Read mlflow.yml and the hooks' arguments, and set credentials and headers for MLflow.

    Args:
        root: The project's root.
        env: The Kedro environment; None: the project's default.

    Raises:
        ConfigError: The configuration is wrong.
    """
    return project_context(root, env)[1]


def project_context(root: Path, env: str | None) -> tuple[KedroContext, Config]:
    """Like :func:`project_settings`, and return the project's context, too."""
    from kedro.framework.session import KedroSession

    from ..runs.project_settings import access_of, settings_of

    with KedroSession.create(project_path=root, env=env) as session:
        context: KedroContext = session.load_context()  # type: ignore[attr-defined]
    settings = settings_of(context)
    access_of(context, settings).use()
    return context, settings
