"""The environment variables that tell MLflow where runs go."""

from __future__ import annotations

import os

import pytest
from mlflow_on_kedro.utils import run_variables


@pytest.mark.parametrize("value", ["", None])
def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """An empty MLFLOW_TRACKING_URI or MLFLOW_EXPERIMENT_NAME counts as none."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert run_variables.tracking_uri() is None
    assert run_variables.experiment_name() is None


def test_while_a_run_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that begins meanwhile in another thread gets the user's tracking URI, not the run's."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://users")
    run_variables.save()
    try:
        run_variables.set_tracking_uri("http://run")
        assert run_variables.users_tracking_uri() == "http://users"
    finally:
        run_variables.restore()
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://users"
