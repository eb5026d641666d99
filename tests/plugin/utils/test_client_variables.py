"""The environment variables that the plugin sets for MLflow's client."""

from __future__ import annotations

import os

import pytest
from mlflow_on_kedro.utils import client_variables


class TestDefaults:
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
        client_variables.set_mlflow_defaults()
        assert set(os.environ) == {*self.NAMES, "MLFLOW_DISABLE_TELEMETRY"}
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    def test_what_is_set_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the user has set is left alone."""
        given = dict.fromkeys((*self.NAMES, "MLFLOW_DISABLE_TELEMETRY"), "7")
        monkeypatch.setattr(os, "environ", dict(given))
        client_variables.set_mlflow_defaults()
        assert os.environ == given

    @pytest.mark.parametrize("name", ["POOL_SIZE", "MAX_OVERFLOW"])
    def test_a_pool_of_the_users(
        self, monkeypatch: pytest.MonkeyPatch, store_uri: str, name: str
    ) -> None:
        """Who chooses the size of a pool has one; without a pool SQLAlchemy refuses the size."""
        from mlflow.store.db.utils import create_sqlalchemy_engine

        monkeypatch.setattr(os, "environ", {f"MLFLOW_SQLALCHEMYSTORE_{name}": "3"})
        client_variables.set_mlflow_defaults()
        assert "MLFLOW_SQLALCHEMYSTORE_POOLCLASS" not in os.environ
        engine = create_sqlalchemy_engine(store_uri)
        assert type(engine.pool).__name__ == "QueuePool"
        engine.dispose()

    def test_mlflow_knows_the_variables(self) -> None:
        """The variables have the names that the installed MLflow reads."""
        from mlflow import environment_variables

        assert all(hasattr(environment_variables, name) for name in self.NAMES)
