"""A run's own files: whether a local file is still the run's, and where else its value is."""

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

ARRIVAL_SECONDS = 60.0
ARRIVAL_POLL_SECONDS = 0.5
LOADS = 5
"""How often a file is loaded to which other runs write meanwhile."""


@dataclass(frozen=True)
class LoadSaved:
    """How a dataset loads what its run has saved.

    Attributes:
        from_file: From the local file.
        from_run: From the run with an id.
        is_meant: Whether an entry of the run's journal is the dataset's value.
        from_copy: From the file or folder of such an entry.
    """

    from_file: Callable[[], Any]
    from_run: Callable[[str], Any]
    is_meant: Callable[[File], bool]
    from_copy: Callable[[Path], Any]


class SavedFiles:
    """What a dataset knows of the files that its run has saved, in this process or another.

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

    def note_saved(self, path: Path | None, state: State | None) -> None:
        """Note that the run has written its local file: see :meth:`run_instead_of`.

        Args:
            path: The file; None: there is none.
            state: Its state when it was written; by now it may be another run's.
        """
        run = self._run
        if run is None or not run.identity or path is None or state is None:
            return
        if not path.is_dir():  # others write to a folder without replacing it
            run.saved[path.absolute()] = state
        if run.is_shared:
            with suppress(OSError):  # the disk is full: MLflow has it
                save_records.note(self.root, path, run.identity, state)

    def run_instead_of(self, path: Path | None, is_in: Callable[[str], bool]) -> str | None:
        """Say which run to load from because the local file is another run's.

        A run that goes on at the same time has saved to the same place; or a node on another
        machine, or another process with the same ``run.key``, has saved what this one loads, and
        what lies here is of an earlier run.

        Args:
            path: The local file, which is there; of a folder, one that each save writes.
            is_in: Whether a run has the dataset.

        Returns:
            The run's id; None: the local file is the one to load.

        Raises:
            DatasetError: This run has saved it, and MLflow does not have it.
        """
        run = self._run
        if run is None or path is None:
            return None
        noted = run.saved.get(path.absolute())
        if not self._has_saved(run, path) or self._is_own(run, path):
            return None
        is_output = noted is not None or self.dataset_name in run.plan.outputs
        if noted is not None:
            logger.info(
                "'%s': %s is not what this run has saved there any more, so it is loaded from the "
                "run.",
                self.dataset_name,
                path,
            )
        run.flush()
        if not is_output:
            with suppress(Exception):  # MLflow does not answer
                return run.run_id if run.opened is not None and is_in(run.run_id) else None
            return None
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while run.opened is not None and time.monotonic() < deadline:
            if is_in(run.run_id):
                return run.run_id
            time.sleep(ARRIVAL_POLL_SECONDS)  # the machine that has saved it delivers it now
        if noted is not None:
            raise DatasetError(
                f"'{self.dataset_name}' was saved by this run to {path}, which another run has "
                "written to since, and MLflow does not have this run's (yet). Give runs that are "
                "to run at the same time without MLflow a folder each, with `filepath`."
            )
        raise DatasetError(
            f"'{self.dataset_name}' was saved by this run on another machine, and MLflow does not "
            f"have it (yet). {path} is of an earlier run, so it is not loaded."
        )

    def has_saved(self, path: Path) -> bool:
        """Whether this process has saved a file for the run, whoever else has removed it since."""
        return self._run is not None and path.absolute() in self._run.saved

    def _has_saved(self, run: TrackedRun, path: Path) -> bool:
        """Whether this run may have saved the dataset, here or in another process."""
        if path.absolute() in run.saved:
            return True
        # Where no journal can be written, no note of a save can be, either.
        is_told = run.has_journal and run.is_shared
        return is_told and bool(run.key or self.dataset_name in run.plan.outputs)

    def _is_own(self, run: TrackedRun, path: Path) -> bool:
        """Whether a local file is what the run has saved, in this process or another."""
        noted = run.saved.get(path.absolute())
        if noted is not None and noted == _state(path):
            return True
        return (
            run.has_journal and run.is_shared and save_records.is_of(self.root, path, run.identity)
        )

    def load_saved(self, path: Path | None, is_in: Callable[[str], bool], load: LoadSaved) -> Any:
        """Load the local file, or what the run has where the file is another run's by now.

        Args:
            path: As for :meth:`run_instead_of`.
            is_in: As for :meth:`run_instead_of`.
            load: How each is loaded.

        Raises:
            DatasetError: As :meth:`run_instead_of`, or it cannot be loaded.
        """
        for _ in range(LOADS):
            kept = self._kept(path, load)
            if kept is not None:
                try:
                    return load.from_copy(kept)
                except Exception:
                    if self._run is None or self._run.opened is None:
                        raise
                    # It was delivered meanwhile, and removed: MLflow has it now.
            run_id = self.run_instead_of(path, is_in)
            if run_id is not None:
                return load.from_run(run_id)
            before = _state(path)
            try:
                value = load.from_file()
            except Exception:
                if _state(path) == before:
                    raise
            else:
                if _state(path) == before:  # else another run has written to it meanwhile
                    return value
        return load.from_file()

    def _kept(self, path: Path | None, load: LoadSaved) -> Path | None:
        """What this run has saved and not delivered yet, where the local file is another run's."""
        run = self._run
        if run is None or run.journal is None or path is None or not self._has_saved(run, path):
            return None
        if not run.keeps_journal_here or self._is_own(run, path):
            return None
        with suppress(OSError):  # it is delivered just now
            entry = run.journal.newest_file(load.is_meant)
            return entry.source if entry is not None else None
        return None


def _state(path: Path | None) -> State | None:
    """A file's state; None if there is none."""
    try:
        return state_of(path) if path is not None else None
    except OSError:
        return None
