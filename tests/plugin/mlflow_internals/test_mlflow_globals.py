"""MLflow's settings for the whole process: its experiment and its tracking URI."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow_on_kedro.mlflow_internals import mlflow_globals


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Artifacts are not in the current folder, and no other test gets this one's experiment."""
    monkeypatch.chdir(tmp_path)
    yield
    mlflow_globals.set_experiment_id(None)


def test_the_experiment(store_uri: str) -> None:
    """The experiment of the runs that nodes start is the one that MLflow's own call chooses."""
    mlflow.set_tracking_uri(store_uri)
    chosen = mlflow.set_experiment("chosen")
    assert mlflow_globals.experiment_id() == chosen.experiment_id
    mlflow_globals.set_experiment_id("0")
    assert mlflow_globals.is_plugins_experiment()
    with mlflow.start_run() as started:
        assert started.info.experiment_id == "0"


def test_the_experiment_of_a_block() -> None:
    """It is set within the block, unless there is one; what is set within it stays."""
    with mlflow_globals.default_experiment("5"):
        assert mlflow.tracking.fluent._get_experiment_id() == "5"
    assert mlflow_globals.experiment_id() is None
    with mlflow_globals.default_experiment("5"):
        mlflow_globals.set_experiment_id("5")
    with mlflow_globals.default_experiment("7"):
        assert mlflow_globals.experiment_id() == "5"
    assert mlflow_globals.experiment_id() == "5"


def test_no_experiment() -> None:
    """In the block there is none; what is set within it stays."""
    mlflow_globals.set_experiment_id("5")
    with mlflow_globals.no_experiment():
        assert mlflow_globals.experiment_id() is None
    assert mlflow_globals.experiment_id() == "5"
    with mlflow_globals.no_experiment():
        mlflow_globals.set_experiment_id("7")
    assert mlflow_globals.experiment_id() == "7"


def test_for_a_block() -> None:
    """The tracking URI is set for the length of a block, also when that fails, and restored."""
    before = mlflow.get_tracking_uri()
    with mlflow_globals.tracking_uri("http://block:5000"):
        assert mlflow.get_tracking_uri() == "http://block:5000"
    with pytest.raises(RuntimeError), mlflow_globals.tracking_uri("http://block:5000"):
        raise RuntimeError
    assert mlflow.get_tracking_uri() == before
    assert "MLFLOW_TRACKING_URI" not in os.environ


def test_the_users_own() -> None:
    """A URI that the user has set is restored."""
    mlflow.set_tracking_uri("http://mine:5000")
    with mlflow_globals.tracking_uri("http://block:5000"):
        pass
    assert mlflow.get_tracking_uri() == "http://mine:5000"
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://mine:5000"
