"""The errors that this plugin raises; a failure of tracking is a warning and never ends a run."""

from __future__ import annotations

import click


class MLflowOnKedroError(click.ClickException):
    """A mistake that the user has to correct; the message says what, where and how.

    It is a ``click.ClickException``, so that the ``kedro`` command prints only the message, without
    a traceback, and exits with status 1.
    """

    def __reduce__(self) -> tuple[type[MLflowOnKedroError], tuple[str]]:
        return type(self), (self.message,)


class ConfigError(MLflowOnKedroError):
    """A wrong value in mlflow.yml, the catalog or a hook's arguments."""


class DeletedExperimentError(MLflowOnKedroError):
    """The experiment was deleted while ``experiment.restore_if_deleted`` is false."""

    error_code = "RESOURCE_DOES_NOT_EXIST"
    """MLflow's error code for what does not exist, so that delivery does not retry."""


class ValueTooLongError(MLflowOnKedroError):
    """A parameter's value exceeds the limit while ``too_long`` is ``error``."""


class UnloggedValueError(MLflowOnKedroError):
    """A value that a node returns is not logged while ``catalog.unlogged`` is ``error``."""
