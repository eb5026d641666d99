"""Reads the value of an ``MLflowDataset`` from a run in MLflow."""

from __future__ import annotations

import functools
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal.entries import File
from ..tracking import artifact_names
from ..tracking.downloads import artifacts_of, download, name_in_run, place
from ..tracking.failure_messages import load_message
from ..tracking.group_lookup import first_with
from ..tracking.store import connect
from ..utils.secrets import mask_urls
from .local_backend import OTHER_RUN_HINT
from .value_location import ValueLocation

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..tracking.tracked_run import TrackedRun
    from .formats import AnyDataset
    from .local_backend import LocalBackend
    from .tracked import TrackedDataset
    from .value_kinds import ValueKind


class RunReader:
    """Finds and loads a dataset's value in runs.

    Args:
        owner: The MLflow dataset.
        backend: The dataset's backend.
        folder: The folder inside a run's artifacts, if the user chose one.
        uri: The tracking URI, if the user chose one.
        is_chosen: Whether the user chose the run to load from.
        reuse: Use an earlier download from a run that the user chose.
    """

    def __init__(
        self,
        owner: TrackedDataset,
        backend: LocalBackend,
        folder: str | None,
        uri: str | None,
        *,
        is_chosen: bool,
        reuse: bool,
    ) -> None:
        self._owner = owner
        self._backend = backend
        self._folder = folder
        self._given_uri = uri
        self._is_chosen = is_chosen
        self._reuse = reuse and is_chosen
        self._child_runs: dict[str, str] = {}
        """The child run that has the file, by the id of its parent."""

    @property
    def artifact(self) -> str:
        """The usual path among a run's artifacts."""
        return _joined(self._folder, self._backend.artifact_name())

    @property
    def own_artifact(self) -> str:
        """The path among a run's artifacts if another dataset of the run has the usual one."""
        own_folder = artifact_names.folder_of(self._owner.name)
        return _joined(self._folder, own_folder, self._backend.artifact_name())

    def artifact_for_saving(self, run: TrackedRun) -> str:
        """Return the path among the artifacts of a run to save the value to."""
        has_own = self._owner.name in run.pipeline_info.own_folders
        return self.own_artifact if has_own else self.artifact

    def load(self, run_id: str) -> Any:
        """Load the value from a run.

        Raises:
            DatasetError: The run does not have the value, or MLflow cannot be reached.
        """
        kind = self._backend.kind
        if kind is not None:
            return self._read(kind, run_id)
        return self.dataset(run_id).load()

    def dataset(self, run_id: str) -> AnyDataset:
        """Download a run's artifact, and return the dataset of the downloaded file.

        Raises:
            DatasetError: See :meth:`load`.
        """
        try:
            path = self._download(run_id)
        except DatasetError as error:
            child = run_id
            with suppress(Exception):  # the error of the download is raised
                child = self._run_with_file(run_id)
            if child == run_id:
                raise DatasetError(f"{error}{self._hint}") from None
            self._child_runs[run_id] = child
            path = self._download(child)
        return self._backend.for_download(path.as_posix())

    def _download(self, run_id: str) -> Path:
        artifact = self._artifact_in(run_id)
        return download(self._uri, run_id, artifact, self._owner.root, reuse=self._reuse)

    def location(self, run_id: str) -> ValueLocation:
        """Return where :meth:`load` loads a run's value from."""
        is_elsewhere = self._given_uri != self._owner.tracking_uri_for(None)
        uri = self._given_uri if is_elsewhere else None
        if self._backend.kind is not None:
            key = self._owner.key_in_run() or self._owner.key()
            return ValueLocation(f"runs:/{run_id}/{key}", None, uri, run_id=run_id)
        run_id = self._child_runs.get(run_id, run_id)
        artifact = self._downloaded(run_id) or self.artifact
        path = place(self._owner.root, run_id, artifact)
        return ValueLocation(f"runs:/{run_id}/{artifact}", path, uri, run_id=run_id)

    def is_in_run(self, run_id: str) -> bool:
        """Whether a run has the value; nothing is downloaded."""
        kind = self._backend.kind
        try:
            if kind is None:
                self._run_with_file(run_id)
            else:
                self._value(kind, run_id)
        except KeyError:
            return False
        return True

    def _run_with_file(self, run_id: str) -> str:
        """Return the id of the run that has the file: the given one, or a child run of it.

        Raises:
            KeyError: No run has the file.
        """
        client = connect(self._uri)

        def check(run: str, _name: str) -> str:
            if self._has_own(client, run) or _exists(client, run, self.artifact):
                return run
            raise KeyError(run)

        return first_with(client, run_id, self._owner.name, check, KeyError)

    def _value(self, kind: ValueKind, run_id: str) -> Any:
        client = connect(self._uri)
        read = functools.partial(kind.read, client)
        return first_with(client, run_id, self._owner.key_in_run(), read, KeyError)

    def is_value(self, entry: File) -> bool:
        """Whether an entry of a run's journal is the value's file."""
        artifact = _joined(entry.folder, PurePath(entry.path).name)
        is_file = self._backend.kind is None and type(entry) is File
        return is_file and artifact in (self.own_artifact, self.artifact)

    def _artifact_in(self, run_id: str) -> str:
        """Return the path in a run, in which another dataset may have the usual one."""
        downloaded = self._downloaded(run_id) if self._reuse else None
        if downloaded is not None:
            return downloaded
        try:
            has_own = self._has_own(connect(self._uri), run_id)
        except Exception:  # the download raises the error
            has_own = False
        return self.own_artifact if has_own else self.artifact

    def _downloaded(self, run_id: str) -> str | None:
        root = self._owner.root
        artifacts = (self.own_artifact, self.artifact)
        return next((name for name in artifacts if place(root, run_id, name).exists()), None)

    def _has_own(self, client: MlflowClient, run_id: str) -> bool:
        folder = self.own_artifact.rpartition("/")[0]
        return _exists(client, run_id, folder) and _exists(client, run_id, self.own_artifact)

    @property
    def _uri(self) -> str:
        return self._owner.tracking_uri_for(self._given_uri)

    @property
    def _hint(self) -> str:
        return "" if self._is_chosen else f" {OTHER_RUN_HINT}"

    def _read(self, kind: ValueKind, run_id: str) -> Any:
        uri, key = self._uri, self._owner.key()
        try:
            return self._value(kind, run_id)
        except KeyError:
            raise DatasetError(
                f"Run {run_id} in MLflow at {mask_urls(uri)} has no {kind.name} '{key}'."
                f"{self._hint}"
            ) from None
        except Exception as error:
            otherwise = (
                f"'{key}' cannot be loaded from run {run_id} in MLflow at {mask_urls(uri)}: "
                f"{mask_urls(str(error))}"
            )
            what = f"'{key}' of run {run_id}"
            raise DatasetError(load_message(uri, error, what, otherwise)) from None


def _joined(*parts: str | None) -> str:
    return "/".join(part for part in parts if part)


def _exists(client: MlflowClient, run_id: str, artifact: str) -> bool:
    name = name_in_run(client, run_id, artifact)
    return name in artifacts_of(client, run_id, name.rpartition("/")[0] or None)
