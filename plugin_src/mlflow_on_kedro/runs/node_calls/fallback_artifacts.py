"""Artifacts that nodes log with MLflow: a folder takes those that their store does not.

Importing this module imports MLflow.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...mlflow_internals import store_classes
from ...tracking import open_runs
from .server_call import call_server

if TYPE_CHECKING:
    from mlflow.entities import FileInfo

    from ...tracking.tracked_run import TrackedRun


class FallbackArtifacts(store_classes.ArtifactStore):
    """The artifacts of one run or logged model: in its store, or in a folder.

    The folder is for the threads that belong to the pipeline's run; others have the store alone.

    Args:
        artifact_uri: Where the store has the artifacts.
        run: The pipeline's run.
        folder: Returns this thread's folder.
        before_fallback: Called before a file is written to the folder; returns the run that the
            file is of, if that is not the pipeline's.
        is_model: Whether it is a model, whose files are copied whatever their size.
        asks_server: Whether the store is tried at all.
    """

    def __init__(
        self,
        artifact_uri: str,
        run: TrackedRun,
        folder: Callable[[], Path],
        before_fallback: Callable[[], Any],
        *,
        is_model: bool,
        asks_server: bool,
    ) -> None:
        super().__init__(artifact_uri)
        self._run = run
        self._folder = folder
        self._before_fallback = before_fallback
        self._is_model = is_model
        self._asks_server = asks_server
        self._made: Any = None

    @property
    def _store(self) -> Any:
        if self._made is None:
            self._made = store_classes.artifact_repository(self.artifact_uri, self._run.uri)
        return self._made

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Upload one file."""
        self._log("log_artifact", local_file, artifact_path, Path(local_file).stat().st_size)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Upload the content of a folder."""
        size = sum(path.stat().st_size for path in Path(local_dir).rglob("*") if path.is_file())
        self._log("log_artifacts", local_dir, artifact_path, size)

    def _log(self, method: str, path: str, artifact_path: str | None, size: int) -> None:
        folder = self._threads_folder()
        if folder is None:
            getattr(self._store, method)(path, artifact_path)
            return

        def fall_back(owner: TrackedRun) -> None:
            if self._is_model or size <= self._run.config.tracking.max_copy:
                getattr(_local(folder), method)(path, artifact_path)
            else:  # it is sent from where it lies
                owner.log_artifact(Path(path).absolute(), artifact_path or "")

        self._call_store(lambda: getattr(self._store, method)(path, artifact_path), fall_back, size)

    def save_at_once(self, path: str, artifact: Any) -> bool:
        """Save an artifact that is logged later: a worker may end before MLflow's queue."""
        folder = self._threads_folder()
        if folder is None:
            return False
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        artifact.save(folder / path)
        return True

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """List what the store has, and what is in the folder."""
        folder = self._threads_folder()
        if folder is None:
            return list(self._store.list_artifacts(path))
        here = list(_local(folder).list_artifacts(path)) if folder.is_dir() else []
        there = self._call_store(lambda: list(self._store.list_artifacts(path)), lambda _: [])
        names = {item.path for item in here}
        return [*here, *(item for item in there if item.path not in names)]

    def download(self, remote_path: str, local_path: str) -> None:
        """Download one file."""
        folder = self._threads_folder()
        is_here = folder is not None and (folder / remote_path).is_file()
        source = _local(folder) if folder is not None and is_here else self._store
        store_classes.download_file(source, remote_path, local_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete artifacts of the store."""
        self._store.delete_artifacts(artifact_path)

    def _threads_folder(self) -> Path | None:
        return self._folder() if open_runs.current() is self._run else None

    def _call_store(
        self, call: Callable[[], Any], fallback: Callable[[Any], Any], size: int = 0
    ) -> Any:
        def fall_back() -> Any:
            return fallback(self._before_fallback() or self._run)

        if not self._asks_server:
            return fall_back()
        return call_server(self._run, call, fall_back, upload_bytes=size)


def _local(folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    return store_classes.artifact_repository(folder.as_uri())
