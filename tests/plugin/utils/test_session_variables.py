"""Environment variables that a session sets for MLflow, and puts back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.utils import environment, session_variables
from mlflow_on_kedro.utils.session_variables import SessionVariables


class TestVariables:
    """What is in the environment after what."""

    NAMES: ClassVar = ("MLFLOW_X", "MLFLOW_Y")

    @pytest.fixture
    def variables(self, monkeypatch: pytest.MonkeyPatch) -> SessionVariables:
        """Variables of which the user has set the second."""
        for name in self.NAMES:
            monkeypatch.setenv(name, "users")
        monkeypatch.delenv("MLFLOW_X")
        return SessionVariables()

    def present(self) -> tuple[str | None, ...]:
        """What is in the environment."""
        return tuple(os.environ.get(name) for name in self.NAMES)

    def test_sessions_one_after_another(self, variables: SessionVariables) -> None:
        """Each has its own, and none those of the one before."""
        variables.set({"MLFLOW_X": "a", "MLFLOW_Y": "b"})
        assert self.present() == ("a", "b")
        variables.set({"MLFLOW_Y": "c"})
        assert self.present() == (None, "c")
        variables.set({})
        assert self.present() == (None, "users")

    def test_a_run(self, variables: SessionVariables) -> None:
        """When a run has ended, all is as before its session."""
        variables.set({"MLFLOW_X": "notebook"})
        before = variables.present()
        variables.set({"MLFLOW_X": "run", "MLFLOW_Y": "run"})
        variables.keep_for_end(before)
        variables.begin_run()
        assert self.present() == ("run", "run")
        variables.end_run()
        assert self.present() == ("notebook", "users")
        variables.begin_run()
        variables.end_run()
        assert self.present() == (None, "users")

    def test_runs_at_once(self, variables: SessionVariables) -> None:
        """A session without variables takes none from a run that is open, nor does its end."""
        variables.set({"MLFLOW_X": "first"})
        variables.begin_run()
        variables.set({})
        variables.keep_for_end({"MLFLOW_X": "first"})
        variables.begin_run()
        variables.end_run()
        assert self.present() == ("first", "users")
        variables.end_run()
        assert self.present() == (None, "users")

    def test_what_the_user_changes(
        self, variables: SessionVariables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the user sets meanwhile stays."""
        variables.set({"MLFLOW_X": "a"})
        monkeypatch.setenv("MLFLOW_X", "mine")
        variables.set({})
        assert self.present() == ("mine", "users")


class TestRegistry:
    """``MLFLOW_REGISTRY_URI``: where models are registered."""

    @pytest.fixture(autouse=True)
    def _begin(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Nothing set, by the user or by another test."""
        session_variables.use({}, None)
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", "")
        monkeypatch.delenv("MLFLOW_REGISTRY_URI")
        yield
        session_variables.use({}, None)

    def test_each_session_decides(self) -> None:
        """A session without a registry does not get that of the one before."""
        session_variables.use({}, "http://models")
        assert os.environ["MLFLOW_REGISTRY_URI"] == "http://models"
        session_variables.use({}, None)
        assert environment.registry_uri() is None

    def test_what_the_user_has_set_comes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The configuration wins over the environment, for as long as it says something."""
        monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://users")
        session_variables.use({}, None)
        assert environment.registry_uri() == "http://users"
        session_variables.use({}, "http://models")
        session_variables.use({}, "http://others")
        assert environment.registry_uri() == "http://others"
        session_variables.use({}, None)
        assert environment.registry_uri() == "http://users"


class TestCredentials:
    """An entry of credentials.yml."""

    def test_names(self) -> None:
        """Short names are MLflow's, names of variables are themselves; values become text."""
        given = {"username": "me", "password": 123, "token": "t", "AWS_ACCESS_KEY_ID": "a"}
        assert session_variables.mlflow_variables(given) == {
            "MLFLOW_TRACKING_USERNAME": "me",
            "MLFLOW_TRACKING_PASSWORD": "123",
            "MLFLOW_TRACKING_TOKEN": "t",
            "AWS_ACCESS_KEY_ID": "a",
        }

    def test_empty(self) -> None:
        """What has no value is not set, least of all to the word None."""
        given = {"username": "me", "password": None}
        assert session_variables.mlflow_variables(given) == {"MLFLOW_TRACKING_USERNAME": "me"}

    @pytest.mark.parametrize("name", ["user", "aws_access_key_id", "1A", "A B", 7])
    def test_a_misspelt_name(self, name: object) -> None:
        """A name that is nothing to MLflow is said, its value is not."""
        with pytest.raises(ConfigError, match=f"'{name}' is nothing that MLflow needs") as caught:
            session_variables.mlflow_variables({name: "hunter2"})  # type: ignore[dict-item]
        assert "hunter2" not in str(caught.value)
