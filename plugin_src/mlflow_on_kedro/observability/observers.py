"""What watches a run from its beginning to its end, where the user has asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.sections import Config
from ..utils import environment

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun


def check(config: Config) -> None:
    """Find, before a run is opened, what would fail in the midst of it.

    Raises:
        ConfigError: A package is missing or too old, or MLflow does not know what is to be
            autologged.
    """
    if config.trace:
        from . import traces

        traces.check(config)
    if config.autolog:
        from . import autolog

        autolog.check(config.autolog)
    if config.system_metrics.enabled:
        from . import system_metrics

        system_metrics.check()
    elif _has_system_metrics(config):
        environment.system_metrics_interval()


def begin(run: TrackedRun) -> None:
    """Begin to watch a run, in the process that opened it; it ends with the run."""
    if run.config.autolog or environment.switches_autolog_on():
        from . import autolog

        if autolog.is_needed(run.config.autolog):
            autolog.enter(run.config.autolog)
            run.at_end(autolog.leave)
    if _has_system_metrics(run.config):
        from . import system_metrics

        system_metrics.begin(run)


def _has_system_metrics(config: Config) -> bool:
    wanted = config.system_metrics.enabled
    return environment.logs_system_metrics() if wanted is None else wanted
