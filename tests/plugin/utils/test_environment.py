"""The environment variables that the plugin reads and sets."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.utils import environment


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

    @pytest.mark.parametrize("name", ["POOL_SIZE", "MAX_OVERFLOW"])
    def test_a_pool_of_the_users(
        self, monkeypatch: pytest.MonkeyPatch, store_uri: str, name: str
    ) -> None:
        """Who chooses the size of a pool has one; without a pool SQLAlchemy refuses the size."""
        from mlflow.store.db.utils import create_sqlalchemy_engine

        monkeypatch.setattr(os, "environ", {f"MLFLOW_SQLALCHEMYSTORE_{name}": "3"})
        environment.set_mlflow_defaults()
        assert "MLFLOW_SQLALCHEMYSTORE_POOLCLASS" not in os.environ
        engine = create_sqlalchemy_engine(store_uri)
        assert type(engine.pool).__name__ == "QueuePool"
        engine.dispose()

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


class TestRegistry:
    """``MLFLOW_REGISTRY_URI``: where models are registered."""

    @pytest.fixture(autouse=True)
    def _begin(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Nothing set, by the user or by another test."""
        environment.set_registry_uri(None)
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", "")
        monkeypatch.delenv("MLFLOW_REGISTRY_URI")
        yield
        environment.set_registry_uri(None)

    def test_each_session_decides(self) -> None:
        """A session without a registry does not get that of the one before."""
        environment.set_registry_uri("http://models")
        assert os.environ["MLFLOW_REGISTRY_URI"] == "http://models"
        environment.set_registry_uri(None)
        assert environment.registry_uri() is None

    def test_what_the_user_has_set_comes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The configuration wins over the environment, for as long as it says something."""
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://users")
        environment.set_registry_uri(None)
        assert environment.registry_uri() == "http://users"
        environment.set_registry_uri("http://models")
        environment.set_registry_uri("http://others")
        assert environment.registry_uri() == "http://others"
        environment.set_registry_uri(None)
        assert environment.registry_uri() == "http://users"


class TestCredentials:
    """An entry of credentials.yml."""

    def test_names(self) -> None:
        """Short names are MLflow's, names of variables are themselves; values become text."""
        given = {"username": "me", "password": 123, "token": "t", "AWS_ACCESS_KEY_ID": "a"}
        assert environment.mlflow_variables(given) == {
            "MLFLOW_TRACKING_USERNAME": "me",
            "MLFLOW_TRACKING_PASSWORD": "123",
            "MLFLOW_TRACKING_TOKEN": "t",
            "AWS_ACCESS_KEY_ID": "a",
        }

    def test_empty(self) -> None:
        """What has no value is not set, least of all to the word None."""
        given = {"username": "me", "password": None}
        assert environment.mlflow_variables(given) == {"MLFLOW_TRACKING_USERNAME": "me"}

    @pytest.mark.parametrize("name", ["user", "aws_access_key_id", "1A", "A B", 7])
    def test_a_misspelt_name(self, name: object) -> None:
        """A name that is nothing to MLflow is said, its value is not."""
        with pytest.raises(ConfigError, match=f"'{name}' is nothing that MLflow needs") as caught:
            environment.mlflow_variables({name: "hunter2"})  # type: ignore[dict-item]
        assert "hunter2" not in str(caught.value)
