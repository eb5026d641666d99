"""``MLflowEnvVarsLoggerHook``: environment variables that the user names."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..config.checks import ALL
from ..config.parsing import override
from ..config.sections import Config, EnvVars
from ..errors import ConfigError
from ..utils import environment
from ..utils.secrets import is_secret, looks_secret
from .base import ComingRun, PipelineRun, TrackingHook, listed

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowEnvVarsLoggerHook(TrackingHook):
    """Logs environment variables as parameters or metrics, when the run begins and when it ends.

    What nodes of this process set or change themselves is therefore logged, too; a changed
    parameter as the tag ``param_changed.<name>``.

    Args:
        param_env_vars: Names of variables to log as parameters, or ``"__ALL__"``, which leaves out
            those whose names look like secrets. A name given itself is logged, whatever it is.
        metric_env_vars: Names of variables to log as metrics.
        prefix: What the logged names begin with.
        enable_mlflow: Whether this hook does anything.

    Example:
        >>> hook = MLflowEnvVarsLoggerHook(param_env_vars=["HOSTNAME"], metric_env_vars=["SEED"])
    """

    section: ClassVar[str] = "env_vars"

    def __init__(
        self,
        param_env_vars: Sequence[str] | str | None = None,
        metric_env_vars: Sequence[str] | str | None = None,
        prefix: str | None = None,
        enable_mlflow: bool = True,
    ) -> None:
        super().__init__(enable_mlflow)
        self._given = {
            "params": listed(param_env_vars),
            "metrics": listed(metric_env_vars),
            "prefix": prefix,
        }

    def _settings(self, config: Config) -> EnvVars:
        return override(config.env_vars, **self._given)

    def check(self, coming: ComingRun) -> None:
        """Refuse to log all variables as metrics."""
        if ALL in self._settings(coming.config).metrics:
            raise ConfigError("env_vars.metrics: name each variable; __ALL__ is for params only.")

    def begin(self, session: PipelineRun) -> None:
        """Log the variables, and when the run ends those that were set meanwhile."""
        run, settings = session.run, self._settings(session.run.config)
        before = _present(settings)
        _log(run, settings, before)
        run.at_end(functools.partial(_log_changes, run, settings, before))


def _present(settings: EnvVars) -> dict[str, str]:
    """The variables that are set, of those that are to be logged."""
    found = {name: environment.value(name) for name in (*_names(settings), *settings.metrics)}
    return {name: value for name, value in found.items() if value is not None}


def _log_changes(run: TrackedRun, settings: EnvVars, before: Mapping[str, str]) -> None:
    """Log what the pipeline has set or changed itself; say what is not set even now."""
    now = _present(settings)
    named = {*settings.params, *settings.metrics}
    _log(
        run,
        settings,
        {
            name: value
            for name, value in now.items()
            # Of all variables, libraries change some of their own.
            if name not in before or (before[name] != value and name in named)
        },
    )
    for name in sorted(named - now.keys() - {ALL}):
        logger.warning("Environment variable '%s' is not set; it is not logged.", name)


def _log(run: TrackedRun, settings: EnvVars, present: Mapping[str, str]) -> None:
    for name in _names(settings):
        if name in present:
            run.log_param(f"{settings.prefix}{name}", present[name])
    for name in settings.metrics:
        number = _number(name, present[name]) if name in present else None
        if number is not None:
            run.log_metric(f"{settings.prefix}{name}", number)


def _names(settings: EnvVars) -> list[str]:
    """The variables that are parameters."""
    chosen = [name for name in settings.params if name != ALL]
    if ALL in settings.params:
        others = [name for name in environment.names() if name not in chosen]
        chosen += [
            name
            for name in others
            if not (looks_secret(name) or is_secret(name, environment.value(name)))
        ]
    return chosen


def _number(name: str, value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        shown = "its value" if looks_secret(name) else repr(value)
        logger.warning(
            "Environment variable '%s' is not logged as a metric: %s is not a number.", name, shown
        )
        return None
