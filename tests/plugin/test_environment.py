"""The environment variables that the plugin reads and sets."""

from __future__ import annotations

import os

import pytest
from mlflow_on_kedro import environment


class TestEnvironment:
    """The variables that MLflow itself reads."""

    NAMES = (
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
        "MLFLOW_HTTP_REQUEST_TIMEOUT",
        "MLFLOW_SQLALCHEMYSTORE_POOLCLASS",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT",
    )

    def test_defaults_are_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the user has not set gets the plugin's default; telemetry is off."""
        monkeypatch.setattr(os, "environ", {})
        environment.set_mlflow_defaults()
        assert set(os.environ) == {*self.NAMES, "MLFLOW_DISABLE_TELEMETRY"}
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    def test_what_is_set_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the user has set is left alone."""
        given = dict.fromkeys((*self.NAMES, "MLFLOW_DISABLE_TELEMETRY"), "7")
        monkeypatch.setattr(os, "environ", dict(given))
        environment.set_mlflow_defaults()
        assert os.environ == given

    def test_mlflow_knows_the_variables(self) -> None:
        """The variables have the names that the installed MLflow reads."""
        from mlflow import environment_variables

        assert all(hasattr(environment_variables, name) for name in self.NAMES)

    @pytest.mark.parametrize("value", ["", None])
    def test_empty_is_unset(self, monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
        """An empty MLFLOW_TRACKING_URI or MLFLOW_EXPERIMENT_NAME counts as none."""
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
            if value is not None:
                monkeypatch.setenv(name, value)
        assert environment.tracking_uri() is None
        assert environment.experiment_name() is None
