"""Environment variables that a session sets for MLflow, and puts back."""

from __future__ import annotations

import os
from typing import ClassVar

import pytest
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
