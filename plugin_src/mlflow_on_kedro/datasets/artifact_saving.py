"""Saving an artifact: the local file, and what of it goes to the run."""

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
from ..tracking import tables
from ..tracking.store import working_folder
from ..utils.locks import locked
from ..utils.replacing import beside, replace_file, stamp
from . import images
from .changed_files import log_written

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun
    from .local_backend import LocalBackend
    from .run_reader import RunReader
    from .tracked import TrackedDataset

logger = logging.getLogger(__name__)

LOCKS = "saving"


class ArtifactSaving:
    """Saves to the local file and to the run, without meeting whoever saves there at the same time.

    A file is written to a place of its own, logged from there, and then moved to where it belongs.
    What adds to a file or a folder, and what the plugin knows nothing of, is written where it is,
    by one process at a time.

    Args:
        owner: The MLflow dataset.
        backing: Its backend.
        in_run: Its place in runs.
    """

    def __init__(self, owner: TrackedDataset, backing: LocalBackend, in_run: RunReader) -> None:
        self._owner = owner
        self._backing = backing
        self._in_run = in_run

    def save(self, data: Any) -> None:
        """Save a value.

        Raises:
            DatasetError: It cannot be saved.
        """
        if not self._backing.has_place:
            with self._owner.saving_run() as run:
                if run is not None:
                    self._owner.key()  # which says what is missing
            return
        with contextlib.ExitStack() as stack:
            path = self._backing.whole_file()
            own = None
            if path is not None:
                with contextlib.suppress(OSError):  # its folder is closed to us, it may not be
                    own = stack.enter_context(beside(path))
            if path is not None and own is not None:
                self._save_whole(data, own, path)
                return
            if self._owner.is_in_pipeline:
                stack.enter_context(self._alone())
            self._save_in_place(data)

    def _save_whole(self, data: Any, own: Path, path: Path) -> None:
        try:
            self._backing.saving_to(own).save(data)
        except DatasetError as error:
            told = str(error).replace(own.parent.as_posix(), path.parent.as_posix())
            raise DatasetError(told) from error.__cause__
        stamp(own)
        state = state_of(own)
        try:
            with self._owner.saving_run() as run:
                if run is not None:
                    place = self._in_run.place_for_saving(run)
                    run.log_artifact(own, place.rpartition("/")[0], Snapshot.from_path(own, path))
                    self._tell_ui(run, place)
        finally:
            _replace(own, path)
        self._owner.note_saved(path, state)

    def _save_in_place(self, data: Any) -> None:
        logged = self._owner.logged
        before = self._backing.before_save(data, logged)
        self._backing.file().save(data)
        path = self._backing.path(saving=True)
        with contextlib.suppress(OSError):  # it has written no such file
            self._owner.note_saved(path, state_of(path) if path is not None else None)
        with self._owner.saving_run() as run:
            if run is None:
                return
            place = self._in_run.place_for_saving(run)
            folder = place.rpartition("/")[0]
            if log_written(run, self._backing.as_dataset(), data, before, folder, logged):
                self._tell_ui(run, place)
            else:
                name = self._owner.key()
                logger.warning("'%s' has no local file, so it is not logged to MLflow.", name)

    def _tell_ui(self, run: TrackedRun, place: str) -> None:
        """Set the tags by which MLflow's UI knows tables and pictures."""
        if self._backing.name == "table":
            run.set_tag(tables.TAG, tables.listing(place))
        elif self._backing.name == "images":
            run.set_tag(images.TAG, True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from saving to the same place until the run has its copy."""
        path = str(self._backing.path(saving=False) or self._owner.key())
        name = hashlib.sha256(path.encode()).hexdigest()[:24]
        lock = working_folder(self._owner.root) / LOCKS / f"{name}.lock"
        with contextlib.ExitStack() as stack:
            # A folder that is read-only or has no locks, or another process that takes minutes.
            with contextlib.suppress(OSError, sqlite3.Error):
                stack.enter_context(locked(lock))
            yield


def _replace(own: Path, path: Path) -> None:
    try:
        replace_file(own, path)
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be written: {error.strerror}. Another program may have it open."
        ) from error
