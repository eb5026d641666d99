"""The base classes of MLflow's stores, and MLflow's queue for what is logged asynchronously."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.mlflow_internals import async_logging, store_registries
from mlflow_on_kedro.mlflow_internals.store_classes import (
    AbstractStore,
    ArtifactStore,
    artifact_repository,
    download_file,
)
from PIL import Image


class Kept(ArtifactStore):
    """A repository that says what it is asked for."""

    asked: list[Any]

    def download(self, remote_path: str, local_path: str) -> None:
        """Write a file, as a store would."""
        Path(local_path).write_text(remote_path, encoding="utf-8")

    def save_at_once(self, path: str, artifact: Any) -> bool:
        """Take all that is logged asynchronously."""
        assert callable(artifact.save)
        self.asked.append(path)
        return True

    def list_artifacts(self, path: str | None = None) -> list[Any]:
        """Have nothing."""
        del path
        return []

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Take a file."""

    log_artifacts = log_artifact


@pytest.fixture
def repository(tmp_path: Path) -> Kept:
    """One that MLflow may use."""
    made = Kept(tmp_path.as_uri())
    made.asked = []
    return made


def test_downloads(repository: Kept, tmp_path: Path) -> None:
    """MLflow downloads a file by the method that the plugin overrides."""
    found = repository.download_artifacts("a.txt", str(tmp_path))
    assert Path(found).read_text(encoding="utf-8") == "a.txt"


def test_artifacts_logged_later(repository: Kept, store_uri: str) -> None:
    """What is logged asynchronously comes to the method that the plugin overrides."""
    client = mlflow.MlflowClient(store_uri)
    run_id = client.create_run("0").info.run_id
    store_registries.set_artifact_repository(run_id, repository)
    client.log_image(run_id, Image.new("RGB", (2, 2)), key="pic", step=1, synchronous=False)
    assert any(path.startswith("images/pic") for path in repository.asked)


def test_a_local_repository(tmp_path: Path) -> None:
    """A file is downloaded from MLflow's own repositories by the same method."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.txt").write_text("text", encoding="utf-8")
    local = artifact_repository((tmp_path / "there").as_uri())
    download_file(local, "a.txt", tmp_path / "b.txt")
    assert (tmp_path / "b.txt").read_text(encoding="utf-8") == "text"


@pytest.mark.parametrize("later", ["", "_async"])
def test_single_values(later: str) -> None:
    """MLflow's base class logs single values by the calls for many."""
    calls: list[tuple[Any, ...]] = []

    class Store(AbstractStore):
        def log_batch(self, run_id: str, metrics: Any, params: Any, tags: Any) -> None:
            calls.append((run_id, metrics, params, tags))

        log_batch_async = log_batch

    made: Any = Store.__new__(Store)
    for name in ("log_metric", "log_param", "set_tag"):
        getattr(made, f"{name}{later}")("abc", name)
    assert calls == [
        ("abc", ["log_metric"], [], []),
        ("abc", [], ["log_param"], []),
        ("abc", [], [], ["set_tag"]),
    ]


def test_the_queue(store_uri: str) -> None:
    """MLflow's queue works in a thread of the name that the plugin looks for, and is emptied."""
    mlflow.set_tracking_uri(store_uri)
    client = mlflow.MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "m", 1, synchronous=False)
    assert any(each.name == async_logging.QUEUE_THREAD for each in threading.enumerate())
    async_logging.finish()
    assert client.get_run(run_id).data.metrics == {"m": 1}
    async_logging.finished().wait()
