"""Saves an artifact: the local file, and the files that go to the run."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal.snapshot import Snapshot, state_of
from ..tracking.store import working_folder
from ..utils.locks import locked
from ..utils.replacing import beside, replace_file, stamp
from .changed_files import before_save, log_written
from .extensions import EXTENSIONS

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun
    from .local_backend import LocalBackend
    from .run_reader import RunReader
    from .tracked import TrackedDataset

logger = logging.getLogger(__name__)

LOCKS = "saving"


class ArtifactSaver:
    """Saves to the local file and to the run, also if other processes save to the same path.

    A single file is written to a temporary file, logged from there, and then moved to its path. A
    file or folder that a save adds to, and a file of a dataset that this plugin does not know, is
    written in place, by one process at a time.

    Args:
        owner: The MLflow dataset.
        backend: The dataset's backend.
        reader: The reader of the dataset's value in runs, which knows its path there.
    """

    def __init__(self, owner: TrackedDataset, backend: LocalBackend, reader: RunReader) -> None:
        self._owner = owner
        self._backend = backend
        self._reader = reader

    def prepare(self, data: Any) -> Any:
        """Return the value unchanged: its dataset checks it."""
        return data

    def save(self, data: Any) -> None:
        """Save a value.

        Raises:
            DatasetError: The value cannot be saved.
        """
        if not self._backend.has_file:
            with self._owner.saving_run() as run:
                if run is not None:
                    self._owner.key()  # which raises the error
            return
        with contextlib.ExitStack() as stack:
            path = self._backend.replaced_file()
            temporary = None
            if path is not None:
                # Without permission to write to the folder, the file itself may be writable.
                with contextlib.suppress(OSError):
                    temporary = stack.enter_context(beside(path))
            if path is not None and temporary is not None:
                self._replace(data, temporary, path)
                return
            if self._owner.pipeline_run is not None:
                stack.enter_context(self._only_process())
            self._write_in_place(data)

    def _replace(self, data: Any, temporary: Path, path: Path) -> None:
        try:
            self._backend.at(temporary).save(data)
        except DatasetError as error:
            message = str(error).replace(temporary.parent.as_posix(), path.parent.as_posix())
            raise DatasetError(message) from error.__cause__
        stamp(temporary)
        state = state_of(temporary)
        try:
            with self._owner.saving_run() as run:
                if run is not None:
                    artifact = self._reader.artifact_for_saving(run)
                    snapshot = Snapshot.from_path(temporary, path)
                    run.log_artifact(temporary, artifact.rpartition("/")[0], snapshot)
                    self._set_ui_tag(run, artifact)
        finally:
            _move(temporary, path)
        self._owner.record_save(path, state)

    def _write_in_place(self, data: Any) -> None:
        own = self._owner.pipeline_run
        logged = own.logged if own is not None else None
        before = before_save(self._backend.as_dataset(), data, logged)
        self._backend.file().save(data)
        path = self._backend.path(saving=True)
        with contextlib.suppress(OSError):  # the save has written no such file
            self._owner.record_save(path, state_of(path) if path is not None else None)
        with self._owner.saving_run() as run:
            if run is None:
                return
            artifact = self._reader.artifact_for_saving(run)
            folder = artifact.rpartition("/")[0]
            if log_written(run, self._backend.as_dataset(), data, before, folder, logged):
                self._set_ui_tag(run, artifact)
            else:
                name = self._owner.key()
                logger.warning("'%s' has no local file, so it is not logged to MLflow.", name)

    def _set_ui_tag(self, run: TrackedRun, artifact: str) -> None:
        """Set the tag by which the MLflow UI finds tables and pictures."""
        extension = EXTENSIONS.get(self._backend.extension)
        if extension is not None and extension.ui_tag is not None:
            run.set_tag(*extension.ui_tag(artifact))

    @contextlib.contextmanager
    def _only_process(self) -> Iterator[None]:
        """Block other processes that save to the same path until the run has its copy."""
        path = str(self._backend.path(saving=False) or self._owner.key())
        name = hashlib.sha256(path.encode()).hexdigest()[:24]
        lock = working_folder(self._owner.root) / LOCKS / f"{name}.lock"
        with contextlib.ExitStack() as stack:
            # The folder may be read-only or have no locks, or another process may take minutes.
            with contextlib.suppress(OSError, sqlite3.Error):
                stack.enter_context(locked(lock))
            yield


def _move(temporary: Path, path: Path) -> None:
    try:
        replace_file(temporary, path)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written: {error.strerror}. Another program may have it open."
        ) from error
