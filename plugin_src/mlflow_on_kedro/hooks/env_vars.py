"""``MLflowEnvVarsLoggerHook``: environment variables that the user names."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from .. import environment
from ..config.checks import ALL
from ..config.parsing import override
from ..config.sections import EnvVars
from ..errors import ConfigError
from ..secrets import looks_secret
from .base import PipelineRun, TrackingHook, listed

if TYPE_CHECKING:
    from ..run import TrackedRun

logger = logging.getLogger(__name__)


class MLflowEnvVarsLoggerHook(TrackingHook):
    """Logs environment variables as parameters or metrics.

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

    def _settings(self, run: TrackedRun) -> EnvVars:
        return override(run.config.env_vars, **self._given)

    def begin(self, session: PipelineRun) -> None:
        """Log the variables."""
        run, settings = session.run, self._settings(session.run)
        for name in _names(settings.params):
            value = _value(name)
            if value is not None:
                run.log_param(f"{settings.prefix}{name}", value)
        if ALL in settings.metrics:
            raise ConfigError("env_vars.metrics: name each variable; __ALL__ is for params only.")
        for name in settings.metrics:
            number = _number(name)
            if number is not None:
                run.log_metric(f"{settings.prefix}{name}", number)


def _names(names: Sequence[str]) -> list[str]:
    chosen = [name for name in names if name != ALL]
    if ALL in names:
        chosen += [
            name for name in environment.names() if name not in chosen and not looks_secret(name)
        ]
    return chosen


def _value(name: str) -> str | None:
    value = environment.value(name)
    if value is None:
        logger.warning("Environment variable '%s' is not set; it is not logged.", name)
    return value


def _number(name: str) -> float | None:
    value = _value(name)
    try:
        return float(value) if value is not None else None
    except ValueError:
        shown = "its value" if looks_secret(name) else repr(value)
        logger.warning(
            "Environment variable '%s' is not logged as a metric: %s is not a number.", name, shown
        )
        return None
