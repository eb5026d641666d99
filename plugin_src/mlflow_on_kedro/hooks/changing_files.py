"""Files that are logged again and again while a pipeline runs: ``artifacts.every``."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..journal.entries import FILES, File
from ..journal.entry_files import SUFFIXES
from ..journal.snapshot import (
    ChangedFileError,
    LargeFileError,
    Snapshot,
    State,
    files_below,
    state_of,
)
from ..journal.writer import writer
from ..tracking.store import WORKING_FOLDER
from .artifact_files import expand

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

QUIET_SECONDS = 2.0
"""A file is logged if it has not changed for so long, or for half of ``artifacts.every``."""
END_SECONDS = 60.0
"""The most that the end of a pipeline waits for the copy of a file."""
_watching: dict[str, ChangingFiles] = {}
"""What is watched in this process, by the ids of the runs' journals."""


class ChangingFiles:
    """Logs files whenever they have changed and nothing writes to them.

    A new version of a file waits until the one before has arrived in MLflow: while its store is
    away, a file takes the room of one copy on the disk, however often it changes.

    Args:
        run: The run.
        patterns: The files, folders and globs of ``artifacts.after_pipeline_run``.
        every: Seconds between looks at them.
    """

    def __init__(self, run: TrackedRun, patterns: Sequence[str], every: float) -> None:
        self._run, self._patterns, self._every = run, patterns, every
        self._seen = {path: state for path, _, state in self._files()}
        """The state of files when they were logged, or when the pipeline began."""
        self._logged: dict[Path, State] = {}
        self._position: dict[Path, int] = {}
        """Where in the journal the last version of a file is."""
        self._has_warned = False
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name="mlflow_on_kedro changing files", daemon=True
        )

    @classmethod
    def watch(cls, run: TrackedRun, patterns: Sequence[str], every: float) -> None:
        """Begin, until :meth:`stop` or the run's end."""
        if not patterns:
            logger.warning(
                "`artifacts.every` has no effect: `artifacts.after_pipeline_run` names no files."
            )
        elif run.local_journal is not None:
            _watching[run.journal_id] = files = cls(run, patterns, every)
            files.start()
            run.at_end(files.end)  # a run that is interrupted

    @staticmethod
    def stop(run: TrackedRun) -> ChangingFiles | None:
        """Watch no longer; return what was watched, None if nothing was."""
        files = _watching.pop(run.journal_id, None)
        if files is not None:
            files.end()
        return files

    def start(self) -> None:
        """Begin to look at the files."""
        self._thread.start()

    def end(self) -> None:
        """Look no more; wait for the copy of a file that is being made."""
        self._ended.set()
        self._thread.join(END_SECONDS)

    def log_rest(self) -> None:
        """Log what was not logged as it is now, once nothing writes to the files any more."""
        for file in expand(self._patterns, self._run.root):
            parts = list(_parts(file))
            if not any(path in self._logged for path, _ in parts):
                self._run.log_artifact(file.path, file.folder)
                continue
            for path, folder in parts:
                if not (path.exists() and self._logged.get(path) == state_of(path)):
                    self._run.log_artifact(path, folder)

    def _work(self) -> None:
        quiet = min(QUIET_SECONDS, self._every / 2)
        while not self._ended.wait(self._every - quiet):
            changed = [item for item in self._files() if self._seen.get(item[0]) != item[2]]
            if self._ended.wait(quiet):
                return
            for path, folder, state in changed:
                if self._ended.is_set():
                    return
                try:
                    self._log(path, folder, state)
                except Exception as error:
                    # With `on_failure: raise` the pipeline's next log call raises the same.
                    logger.debug("%s was not logged: %r", path, error)

    def _files(self) -> Iterator[tuple[Path, str, State]]:
        for file in expand(self._patterns, self._run.root, level=logging.DEBUG):
            for path, folder in _parts(file):
                with contextlib.suppress(OSError):  # it was removed just now
                    yield path, folder, state_of(path)

    def _log(self, path: Path, folder: str, state: State) -> None:
        journal = self._run.local_journal
        if journal is None or state_of(path) != state:
            return
        name = f"{writer(journal).name}{SUFFIXES[FILES]}"
        if journal.delivered.get(name, 0) < self._position.get(path, 0):
            return
        try:
            snapshot = Snapshot("", (("", *state),), is_final=False)
            self._run.log_artifact(path, folder, snapshot)
        except ChangedFileError:
            return  # while it was copied; the next look finds it again
        except LargeFileError:
            self._seen[path] = state
            if not self._has_warned:
                self._has_warned = True
                logger.warning(
                    "`artifacts.every`: %s is larger than `tracking.max_copy` (%s bytes), so it is "
                    "logged when the pipeline has ended.",
                    path,
                    f"{self._run.config.tracking.max_copy:,}",
                )
            return
        self._seen[path] = self._logged[path] = state
        self._position[path] = journal.sizes(FILES).get(name, 0)


def _parts(file: File) -> Iterator[tuple[Path, str]]:
    """Yield the files of a file or folder, each with its folder among the artifacts."""
    for name in files_below(Path(file.path), WORKING_FOLDER):
        if not name:
            yield Path(file.path), file.folder
        else:
            folder = PurePosixPath(file.folder, name).parent.as_posix()
            yield Path(file.path, name), "" if folder == "." else folder
