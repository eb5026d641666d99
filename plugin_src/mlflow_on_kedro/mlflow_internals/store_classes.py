"""Base classes of MLflow's stores; importing this module imports MLflow."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.tracking.abstract_store import AbstractStore

from . import async_logging

__all__ = ["AbstractStore", "ArtifactStore", "artifact_repository", "download_file"]


class ArtifactStore(ArtifactRepository):
    """An artifact repository without the methods that MLflow names as private."""

    @abstractmethod
    def download(self, remote_path: str, local_path: str) -> None:
        """Download one file."""

    @abstractmethod
    def save_at_once(self, path: str, artifact: Any) -> bool:
        """Save an object that was logged asynchronously; return whether that was done.

        Args:
            path: Its path among the artifacts.
            artifact: What was logged, which MLflow has wrapped in an object with ``save(path)``.
        """

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self.download(remote_file_path, local_path)

    def _log_artifact_async(
        self, filename: str, artifact_path: str | None = None, artifact: Any = None
    ) -> Any:
        path = f"{artifact_path}/{filename}" if artifact_path else filename
        if artifact is not None and self.save_at_once(path, artifact):
            return async_logging.finished()
        queue: Any = super()
        return queue._log_artifact_async(filename, artifact_path, artifact)  # noqa: SLF001


def artifact_repository(artifact_uri: str, tracking_uri: str | None = None) -> Any:
    """Make MLflow's repository for the artifacts at a URI."""
    try:
        return get_artifact_repository(artifact_uri, tracking_uri=tracking_uri)
    except TypeError:  # MLflow 3.1 uses the tracking URI of the whole process
        return get_artifact_repository(artifact_uri)


def download_file(repository: Any, remote_path: str, local_path: str | Path) -> None:
    """Download one file from a repository, without the checks of ``download_artifacts``."""
    repository._download_file(remote_path, local_path)  # noqa: SLF001
