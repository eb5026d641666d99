"""Autologging and system metrics from a run's start to its end, where the user asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.checks import FILE
from ..config.sections import Config
from ..utils import environment, import_watch

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun


def check(config: Config, where: str = FILE) -> None:
    """Raise an error, before a run is opened, for what would fail during the run.

    Args:
        config: The whole configuration.
        where: The name of its file, for messages.

    Raises:
        ConfigError: A package is missing or too old, or MLflow cannot autolog what is asked for.
    """
    if config.trace:
        from . import traces

        traces.check(config, where)
    if config.autolog:
        from . import autolog

        autolog.check(config.autolog, where)
    if config.system_metrics.enabled:
        from . import system_metrics

        system_metrics.check(where)
    if has_system_metrics(config) and not config.system_metrics.interval:
        environment.system_metrics_interval()


def begin(run: TrackedRun) -> None:
    """Start autologging and system metrics until a run ends, in the process that opened it."""
    is_on = environment.switches_autolog_on() and import_watch.is_imported()
    if run.config.autolog or is_on:
        from . import autolog

        autolog.enter(run.config.autolog)
        run.at_end(autolog.leave)
    if has_system_metrics(run.config):
        from . import node_usage, system_metrics

        system_metrics.begin(run)
        run.at_end(node_usage.stop)


def has_system_metrics(config: Config) -> bool:
    """Whether mlflow.yml or MLflow's switch asks for system metrics."""
    wanted = config.system_metrics.enabled
    return environment.logs_system_metrics() if wanted is None else wanted
