"""What watches a run from its beginning to its end, where the user has asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sections import Config

if TYPE_CHECKING:
    from .run import TrackedRun


def check(config: Config) -> None:
    """Find, before a run is opened, what would fail in the midst of it.

    Raises:
        ConfigError: A package is missing.
    """
    if config.system_metrics.enabled:
        from . import system_metrics

        system_metrics.check()


def begin(run: TrackedRun) -> None:
    """Begin to watch a run; it ends with the run."""
    if run.config.system_metrics.enabled:
        from . import system_metrics

        system_metrics.begin(run)
