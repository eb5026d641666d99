"""``MLflowEnvVarsLoggerHook``: environment variables that the user chooses."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from ..config.checks import ALL
from ..config.sections import EnvVars
from ..errors import ConfigError
from ..utils import environment
from ..utils.secrets import is_secret, looks_secret
from .base import ComingRun, PipelineRun, TrackingHook, as_list

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowEnvVarsLoggerHook(TrackingHook):
    """Logs environment variables as parameters or metrics, when the run begins and when it ends.

    Variables that nodes of this process set or change are therefore logged, too; a changed
    parameter as the tag ``param_changed.<name>``.

    Args:
        param_env_vars: Names of variables to log as parameters, or ``"__ALL__"``, which leaves out
            those whose names look like secrets. A name in the list is always logged.
        metric_env_vars: Names of variables to log as metrics.
        prefix: The start of the names in MLflow.
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
        super().__init__(
            enable_mlflow,
            params=as_list(param_env_vars),
            metrics=as_list(metric_env_vars),
            prefix=prefix,
        )

    def check(self, coming: ComingRun) -> None:
        """Check that no list of metrics has ``__ALL__``."""
        if ALL in self.settings(coming.config).metrics:
            raise ConfigError("env_vars.metrics: name each variable; __ALL__ is for params only.")

    def begin(self, pipeline_run: PipelineRun) -> None:
        """Log the variables, and at the end of the run those that have been set meanwhile."""
        run, settings = pipeline_run.run, self.settings(pipeline_run.run.config)
        before = _present(settings)
        _log(run, settings, before)
        run.at_end(functools.partial(_log_changes, run, settings, before))


def _present(settings: EnvVars) -> dict[str, str]:
    """The chosen variables that are set, with their values."""
    found = {name: environment.value(name) for name in (*_names(settings), *settings.metrics)}
    return {name: value for name, value in found.items() if value is not None}


def _log_changes(run: TrackedRun, settings: EnvVars, before: Mapping[str, str]) -> None:
    """Log variables that the pipeline has set or changed; warn of those that are not set."""
    now = _present(settings)
    named = {*settings.params, *settings.metrics}
    _log(
        run,
        settings,
        {
            name: value
            for name, value in now.items()
            # With __ALL__, libraries change variables of their own, which are of no interest.
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
    """The names of the variables that are logged as parameters."""
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
