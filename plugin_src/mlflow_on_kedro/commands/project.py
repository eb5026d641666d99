"""Read the project's configuration, for all commands."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compat.kedro_mlflow import MIGRATE
from ..errors import ConfigError

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

    from ..config.sections import Config
    from ..tracking.finding import Runs


def ignore_kedro_warnings() -> None:
    """Hide the warning that Kedro calls a function which OmegaConf 2.4 deprecates.

    The user can do nothing about it.
    """
    warnings.filterwarnings("ignore", r"register_new_resolver\(\)", module=r"kedro\.config")


def project_settings(root: Path, env: str | None, uri: str | None = None) -> Config:
    """Read mlflow.yml and the hooks' arguments, and set credentials and headers for MLflow.

    Args:
        root: The project's root.
        env: The Kedro environment; None: the project's default.
        uri: The tracking URI of the option ``--uri``, which replaces that of mlflow.yml.

    Raises:
        ConfigError: The configuration is wrong.
    """
    return project_context(root, env, uri)[1]


def project_context(
    root: Path, env: str | None, uri: str | None = None, *, conf_source: str | None = None
) -> tuple[KedroContext, Config]:
    """Like :func:`project_settings`, and return the project's context, too.

    Args:
        root: The project's root.
        env: The Kedro environment; None: the project's default.
        uri: The tracking URI of the option ``--uri``, which replaces that of mlflow.yml.
        conf_source: The folder or archive with the configuration; None: the project's own.
    """
    ignore_kedro_warnings()
    from kedro.framework.session import KedroSession

    from ..runs.project_settings import access_of, settings_of
    from ..tracking.uris import resolve_uri

    try:
        source: dict[str, Any] = {} if conf_source is None else {"conf_source": conf_source}
        with KedroSession.create(project_path=root, env=env, **source) as session:
            context: KedroContext = session.load_context()  # type: ignore[attr-defined]
    except ModuleNotFoundError as error:
        if str(error.name).startswith("kedro_mlflow"):
            raise ConfigError(
                f"The project's code imports '{error.name}', which is not installed. "
                f"`{MIGRATE}` rewrites that for this plugin."
            ) from None
        if not str(error.name).startswith("kedro_viz"):
            raise
        raise ConfigError(
            f"settings.py imports '{error.name}', which is not there: Kedro-Viz 11 removed its "
            "session store. `kedro mlflow init` takes that out."
        ) from None
    settings = settings_of(context)
    if uri is not None:
        uri = resolve_uri(uri, root, "--uri")
        settings = replace(settings, tracking=replace(settings.tracking, uri=uri))
    access_of(context, settings).use()
    return context, settings


def project_runs(metadata: Any, env: str | None, uri: str | None) -> tuple[Runs, Config]:
    """Return the runs of the project's experiment, and the configuration.

    Args:
        metadata: Kedro's metadata of the project, as a command gets it.
        env: The option ``--env``.
        uri: The option ``--uri``.

    Raises:
        ConfigError: The configuration is wrong.
    """
    settings = project_settings(Path(metadata.project_path), env, uri)
    return runs_of(metadata, settings, uri), settings


def runs_of(metadata: Any, settings: Config, uri: str | None = None) -> Runs:
    """Return the runs of the project's experiment.

    Args:
        metadata: Kedro's metadata of the project, as a command gets it.
        settings: The configuration.
        uri: The option ``--uri``, if it has replaced that of mlflow.yml.
    """
    from ..tracking.experiments import from_environment
    from ..tracking.failure_messages import SETTING
    from ..tracking.finding import Runs
    from ..tracking.store import resolve_experiment
    from ..tracking.uris import resolve_uri

    root = Path(metadata.project_path)
    experiment = resolve_experiment(settings.experiment.name, metadata.package_name)
    place = resolve_uri(settings.tracking.uri, root)
    setting = SETTING if uri is None else "the option --uri"
    return Runs(place, experiment, from_environment(settings, root), setting=setting)
