"""Artifacts that nodes log with MLflow: kept in the journal while their store does not answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.async_logging.run_operations import RunOperations

if TYPE_CHECKING:
    from mlflow.entities import FileInfo

Attempt = Callable[[Callable[[], Any], Callable[[], Any], int], Any]
"""Calls the first function, and the second one if there is no answer; the number is in bytes."""

Leave = Callable[[str, str, int], bool]


class KeptArtifacts(ArtifactRepository):
    """The artifacts of one run or model: in its own store, and until the node ends in a folder.

    Args:
        artifact_uri: Where they belong.
        tracking_uri: The URI of the server that may pass them on.
        folder: Gives the folder, for the thread that asks; None: this thread runs no node.
        attempt: Tries a store, and keeps what it does not take.
        leave: Takes a file or folder, the place that it gets and its size, if it is too large to be
            copied: then it says True, and the file is sent from where it lies.
    """

    def __init__(
        self,
        artifact_uri: str,
        tracking_uri: str,
        folder: Callable[[], Path | None],
        attempt: Attempt,
        leave: Leave,
    ) -> None:
        super().__init__(artifact_uri)
        self._tracking_uri = tracking_uri
        self._folder = folder
        self._attempt = attempt
        self._leave = leave
        self._made: Any = None

    @property
    def _real(self) -> Any:
        if self._made is None:
            self._made = _repository(self.artifact_uri, self._tracking_uri)
        return self._made

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Upload one file."""
        self._log("log_artifact", local_file, artifact_path, os.path.getsize(local_file))  # noqa: PTH202 - text

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Upload what is in a folder."""
        size = sum(path.stat().st_size for path in Path(local_dir).rglob("*") if path.is_file())
        self._log("log_artifacts", local_dir, artifact_path, size)

    def _log(self, name: str, path: str, artifact_path: str | None, size: int) -> None:
        folder = self._folder()
        if folder is None:
            getattr(self._real, name)(path, artifact_path)
            return

        def keep() -> None:
            if not self._leave(path, artifact_path or "", size):
                getattr(_local(folder), name)(path, artifact_path)

        self._attempt(lambda: getattr(self._real, name)(path, artifact_path), keep, size)

    def _log_artifact_async(
        self, filename: str, artifact_path: str | None = None, artifact: Any = None
    ) -> Any:
        """Keep an artifact here at once, because a worker may end before MLflow's queue."""
        folder = self._folder()
        if folder is None or artifact is None:
            queue: Any = super()
            return queue._log_artifact_async(filename, artifact_path, artifact)  # noqa: SLF001 - its own
        place = folder / (artifact_path or "")
        place.mkdir(parents=True, exist_ok=True)
        artifact.save(place / filename)
        return RunOperations([])  # type: ignore[no-untyped-call]

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """List what the store has, and what is kept here."""
        folder = self._folder()
        if folder is None:
            return list(self._real.list_artifacts(path))
        kept = list(_local(folder).list_artifacts(path)) if folder.is_dir() else []
        there = self._attempt(lambda: list(self._real.list_artifacts(path)), list, 0)
        names = {item.path for item in kept}
        return [*kept, *(item for item in there if item.path not in names)]

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        folder = self._folder()
        if folder is not None and (folder / remote_file_path).is_file():
            _local(folder)._download_file(remote_file_path, local_path)  # noqa: SLF001 - as MLflow's
        else:
            self._real._download_file(remote_file_path, local_path)  # noqa: SLF001 - as MLflow's

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete artifacts of the store."""
        self._real.delete_artifacts(artifact_path)


def _repository(artifact_uri: str, tracking_uri: str) -> Any:
    try:
        return get_artifact_repository(artifact_uri, tracking_uri=tracking_uri)
    except TypeError:  # MLflow 3.1 takes the tracking URI of the whole process
        return get_artifact_repository(artifact_uri)


def _local(folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    return get_artifact_repository(folder.as_uri())
