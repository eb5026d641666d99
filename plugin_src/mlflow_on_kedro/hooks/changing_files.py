"""Files that are logged again and again while a pipeline runs: ``artifacts.every``."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal.entries import FILES
from ..journal.entry_files import SUFFIXES
from ..journal.records import Watched
from ..journal.snapshot import (
    ChangedFileError,
    LargeFileError,
    Snapshot,
    State,
    state_of,
)
from ..journal.writer import writer
from ..tracking.artifact_files import expand, parts, states

if TYPE_CHECKING:
    from ..journal.folder import Journal
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

QUIET_SECONDS = 2.0
"""A file is logged if it has not changed for so long, or for half of ``artifacts.every``."""
CHECKS = 4
"""How often a file that has changed is looked at in this time."""
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
        self._before = {path: state for path, _, state in states(patterns, run.root)}
        self._seen = dict(self._before)
        """The state of files when they were logged, or when the pipeline began."""
        self._changes: dict[Path, _Change] = {}
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
            files._note(run.local_journal)
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
            found = list(parts(file))
            if not any(path in self._logged for path, _ in found):
                self._run.log_artifact(file.path, file.folder)
                continue
            for path, folder in found:
                if not (path.exists() and self._logged.get(path) == state_of(path)):
                    self._run.log_artifact(path, folder)

    def _work(self) -> None:
        quiet = min(QUIET_SECONDS, self._every / 2)
        now, next_look = 0.0, self._every - quiet  # seconds, without those that copies take
        while True:
            seconds = quiet / CHECKS if self._changes else next_look - now
            if self._ended.wait(seconds):
                return
            now += seconds
            if now >= next_look:
                next_look = now + self._every
                self._find_changes(now)
            for change in list(self._changes.values()):
                if self._ended.is_set():
                    return
                if self._log_if_whole(change, now, quiet):
                    next_look = now + self._every - quiet

    def _find_changes(self, now: float) -> None:
        try:
            found = list(states(self._patterns, self._run.root))
        except OSError as error:  # of a network's file system, which may answer again
            logger.debug("`artifacts.every`: the files could not be looked at: %r", error)
            return
        for path, folder, state in found:
            if (
                path not in self._changes
                and self._seen.get(path) != state
                and self._has_arrived(path)
            ):
                with contextlib.suppress(OSError):  # it was removed just now
                    self._changes[path] = _Change(path, folder, now)

    def _log_if_whole(self, change: _Change, now: float, quiet: float) -> bool:
        """Log a file if nothing seems to write to it; return whether it need not be tried again."""
        try:
            if not change.is_whole(now, quiet, self._every):
                return False
            self._log(change.path, change.folder, change.state)
        except ChangedFileError:
            return False  # while it was copied
        except Exception as error:
            # With `on_failure: raise` the pipeline's next log call raises the same.
            logger.debug("%s was not logged: %r", change.path, error)
        del self._changes[change.path]
        return True

    def _has_arrived(self, path: Path) -> bool:
        """Whether the last version of a file that was logged is in MLflow."""
        journal = self._run.local_journal
        return journal is not None and (
            journal.delivered.get(self._name(journal), 0) >= self._position.get(path, 0)
        )

    @staticmethod
    def _name(journal: Journal) -> str:
        return f"{writer(journal).name}{SUFFIXES[FILES]}"

    def _note(self, journal: Journal) -> None:
        """Write down what is logged, for a last look if this process is killed."""
        with contextlib.suppress(OSError):
            journal.watched = Watched(list(self._patterns), {**self._before, **self._logged})

    def _log(self, path: Path, folder: str, state: State) -> None:
        journal = self._run.local_journal
        if journal is None:
            return
        try:
            snapshot = Snapshot("", (("", *state),), is_final=False)
            self._run.log_artifact(path, folder, snapshot)
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
        self._position[path] = journal.sizes(FILES).get(self._name(journal), 0)
        self._note(journal)


class _Change:
    """A file that has changed and is not logged yet.

    Args:
        path: The file.
        folder: Its folder among the artifacts.
        now: Seconds.
    """

    def __init__(self, path: Path, folder: str, now: float) -> None:
        self.path, self.folder = path, folder
        self._begin = self._since = now
        self._found = path.stat()
        self._is_replaced = False

    @property
    def state(self) -> State:
        """Its size and the time of its last change."""
        return self._found.st_size, self._found.st_mtime_ns

    def is_whole(self, now: float, quiet: float, patience: float) -> bool:
        """Look at the file; return whether nothing seems to write to it.

        Args:
            now: Seconds.
            quiet: For how many seconds nothing must have written to it.
            patience: After so many seconds of changes, a file that is replaced by another one each
                time needs no more than two looks that find the same: it is whole at any time.
        """
        found, before = self.path.stat(), self._found
        if found.st_ino != before.st_ino:
            self._is_replaced = True
        elif found.st_mtime_ns != before.st_mtime_ns or found.st_size != before.st_size:
            self._is_replaced = False
        else:
            return now - self._since >= quiet or (
                self._is_replaced and now - self._begin >= patience
            )
        self._found, self._since = found, now
        return False
