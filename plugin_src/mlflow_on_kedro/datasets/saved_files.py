"""The local files that a run has saved: whether a file is still the run's, or where its value is.

Several runs may write the same file at the same time, and a run's nodes may be on several machines.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal.entries import File
from ..journal.snapshot import State, state_of
from ..runs import save_records

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

DELIVERY_SECONDS = 60.0
"""How long to wait until MLflow has what another machine has saved."""
POLL_SECONDS = 0.5
MAX_LOADS = 5
"""How often a file is loaded that other runs write to meanwhile."""


@dataclass(frozen=True)
class SavedValueLoaders:
    """How a dataset loads the value that its run has saved.

    Attributes:
        from_file: Loads from the local file.
        from_run: Loads from the run with an id.
        is_value: Whether an entry of the run's journal is the dataset's value.
        from_copy: Loads from the file or folder of such an entry.
    """

    from_file: Callable[[], Any]
    from_run: Callable[[str], Any]
    is_value: Callable[[File], bool]
    from_copy: Callable[[Path], Any]


class SavedFiles:
    """What a dataset knows about the files that its run has saved, in this process or another.

    Attributes:
        dataset_name: The dataset's name.
        root: The project's root.
    """

    dataset_name: str | None
    _run: TrackedRun | None

    @property
    def root(self) -> Path:
        """The project's root."""
        raise NotImplementedError

    def record_save(self, path: Path | None, state: State | None) -> None:
        """Record that the run has written its local file, for :meth:`run_instead_of`.

        Args:
            path: The file; None: there is none.
            state: The file's state after this run wrote it; another run may have written since.
        """
        run = self._run
        if run is None or not save_records.id_of(run) or path is None or state is None:
            return
        if not path.is_dir():  # other runs write to a folder without replacing it
            run.saved[path.absolute()] = state
        if run.is_shared:
            with suppress(OSError):  # the disk is full: MLflow has the value
                save_records.note(self.root, path, save_records.id_of(run), state)

    def run_instead_of(self, path: Path | None, is_in_run: Callable[[str], bool]) -> str | None:
        """Return the run to load from instead of a local file that another run has written.

        Another run at the same time has saved to the same path; or another machine, or another
        process with the same ``run.key``, has saved the value, and the local file is from an
        earlier run.

        Args:
            path: The local file, which exists; of a folder, a file that each save writes.
            is_in_run: Whether a run has the dataset's value.

        Returns:
            The run's id; None: load the local file.

        Raises:
            DatasetError: This run has saved the value, and MLflow does not have it.
        """
        run = self._run
        if run is None or path is None:
            return None
        recorded = run.saved.get(path.absolute())
        if not self._may_have_saved(run, path) or self._is_of_run(run, path):
            return None
        is_output = recorded is not None or self.dataset_name in run.pipeline_info.outputs
        if recorded is not None:
            logger.info(
                "'%s': another process has written %s after this run saved it, so the value is "
                "loaded from the run.",
                self.dataset_name,
                path,
            )
        run.flush()
        if not is_output:
            with suppress(Exception):  # MLflow cannot be reached
                return run.run_id if run.opened is not None and is_in_run(run.run_id) else None
            return None
        deadline = time.monotonic() + DELIVERY_SECONDS
        while run.opened is not None and time.monotonic() < deadline:
            if is_in_run(run.run_id):
                return run.run_id
            time.sleep(POLL_SECONDS)  # the machine that saved the value is sending it
        if recorded is not None:
            raise DatasetError(
                f"'{self.dataset_name}' was saved by this run to {path}, which another run has "
                "written to since, and MLflow does not have this run's (yet). To run "
                "several at the same time without MLflow, give each its own folder by `filepath`."
            )
        raise DatasetError(
            f"'{self.dataset_name}' was saved by this run on another machine, and MLflow does not "
            f"have it (yet). {path} is of an earlier run, so it is not loaded."
        )

    def has_saved(self, path: Path) -> bool:
        """Whether this process has saved a file for the run, even if it was removed since."""
        return self._run is not None and path.absolute() in self._run.saved

    def _may_have_saved(self, run: TrackedRun, path: Path) -> bool:
        """Whether this run may have saved the dataset, in this process or another."""
        if path.absolute() in run.saved:
            return True
        # On a disk without room for the journal, other processes cannot record their saves either.
        has_records = run.journal is not None and run.is_shared
        return has_records and bool(run.key or self.dataset_name in run.pipeline_info.outputs)

    def _is_of_run(self, run: TrackedRun, path: Path) -> bool:
        """Whether a local file is as the run has saved it, in this process or another."""
        recorded = run.saved.get(path.absolute())
        if recorded is not None and recorded == _state(path):
            return True
        return (
            run.journal is not None
            and run.is_shared
            and save_records.was_saved_by(self.root, path, save_records.id_of(run))
        )

    def load_saved(
        self, path: Path | None, is_in_run: Callable[[str], bool], load: SavedValueLoaders
    ) -> Any:
        """Load the local file, or the run's value if another run has written the file since.

        Args:
            path: See :meth:`run_instead_of`.
            is_in_run: See :meth:`run_instead_of`.
            load: How to load from each.

        Raises:
            DatasetError: See :meth:`run_instead_of`; or the value cannot be loaded.
        """
        for _ in range(MAX_LOADS):
            before = _state(path)  # before the checks, which another run's save would outdate
            copy = self._copy_in_journal(path, load)
            if copy is not None:
                try:
                    return load.from_copy(copy)
                except Exception:
                    if self._run is None or self._run.opened is None:
                        raise
                    # The copy was sent and removed meanwhile: MLflow has it now.
            run_id = self.run_instead_of(path, is_in_run)
            if run_id is not None:
                return load.from_run(run_id)
            try:
                value = load.from_file()
            except Exception:
                if _state(path) == before:
                    raise
            else:
                if _state(path) == before:  # else another run has written to it meanwhile
                    return value
        return load.from_file()

    def _copy_in_journal(self, path: Path | None, load: SavedValueLoaders) -> Path | None:
        """Return what this run has saved but not sent yet, if another run has written the file."""
        run = self._run
        if run is None or run.journal is None or path is None:
            return None
        if not self._may_have_saved(run, path):
            return None
        if run.local_journal is None or self._is_of_run(run, path):
            return None
        with suppress(OSError):  # it is being sent
            entry = run.journal.newest_file(load.is_value)
            return entry.source if entry is not None else None
        return None


def _state(path: Path | None) -> State | None:
    """Return a file's state; None if it does not exist."""
    try:
        return state_of(path) if path is not None else None
    except OSError:
        return None
