"""The log of a run: what its processes have logged and printed, for ``kedro/run.log``.

Each process writes into the run's journal, of which delivery makes the artifact
(:mod:`mlflow_on_kedro.delivery.log_delivery`). A process on another machine, which cannot see the
journal, sends its own part, ``kedro/logs/<host>-<process>.log``.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import os
import shutil
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal.entries import Text
from ..journal.log_file import FOLDER, LogFile
from ..journal.log_text import PARTS, log_size, read_log
from ..utils.secrets import mask_secrets
from . import process_output

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

REMOTE_SECONDS = 30.0
REMOTE_BYTES = 2_000_000
"""The most bytes that a process on another machine sends at once."""
_logs: dict[str, _RunLog] = {}
"""The logs to which this process writes, by the ids of their journals."""


class _RunLog:
    """Writes what this process logs into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nodes = 0
        """How many nodes of the run are running in this process."""
        self._file: LogFile | None = LogFile(folder)

    def take(self, message: str) -> None:
        file = self._file
        if file is None:
            return
        try:
            file.write(message)
        except FileNotFoundError:  # the run is over, and its journal was removed
            self._file = None
        except OSError as error:
            self._file = None
            logger.warning("`logs`: the log of this run ends here. (%s)", error)

    def is_over(self) -> bool:
        """Return whether its run has ended."""
        return not self.folder.parent.is_dir()

    def secure(self) -> None:
        """Do nothing: what is in the journal is safe."""

    def close(self) -> None:
        """Close the file, to which nothing more is written."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


class _RemoteLog(_RunLog):
    """Sends what this process logs, as an artifact of its own."""

    def __init__(self, run: TrackedRun) -> None:
        import socket  # here: most processes keep no log, and each import takes time
        import tempfile

        super().__init__(Path(tempfile.mkdtemp(prefix="mlflow_on_kedro-log-")))
        self._run = run
        self._path = f"{PARTS}/{socket.gethostname()}-{os.getpid()}.log"
        self._sent, self._sent_at = 0, 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._send_often, name="mlflow_on_kedro log", daemon=True).start()
        atexit.register(self.close)

    def is_over(self) -> bool:
        """Return whether no node of its run is running: then another run may begin."""
        return self.nodes <= 0

    def secure(self) -> None:
        """Send what is new, at most every few seconds."""
        # A worker may be killed at any time once its nodes are done.
        if time.monotonic() >= self._sent_at + REMOTE_SECONDS / 6:
            self._send()

    def _send_often(self) -> None:
        while not self._closed.wait(REMOTE_SECONDS):
            self._send()

    def close(self) -> None:
        """Send the rest."""
        self._closed.set()
        self._send()
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def _send(self) -> None:
        with self._lock, contextlib.suppress(Exception):
            size = log_size(self.folder)
            if size > self._sent:
                self._sent_at = time.monotonic()
                self._run.log_entry(Text(self._path, read_log(self.folder, REMOTE_BYTES)))
                self._run.settle()
                self._sent = size


def begin(run: TrackedRun) -> None:
    """Keep what this process logs and prints for a run, if its configuration says so.

    Args:
        run: The pipeline's run, in the process that opened it or in a worker.
    """
    run = run.whole
    if not run.config.logs or not run.journal_id or run.journal_id in _logs:
        return
    for journal_id in [name for name, log in _logs.items() if log.is_over()]:
        _end(journal_id)  # a worker of a cluster has worked for that run before
    if run.local_journal is not None:
        log = _RunLog(run.local_journal.folder / FOLDER)
    elif run.in_worker:
        log = _RemoteLog(run)
    else:
        return  # the disk is full or read-only, which the user was warned of
    _logs[run.journal_id] = log
    process_output.begin(run.journal_id, log.take)
    if not run.in_worker:
        run.at_end(functools.partial(_end, run.journal_id))


def _end(journal_id: str) -> None:
    process_output.end(journal_id)
    log = _logs.pop(journal_id, None)
    if log is not None:
        log.close()


def begin_node(run: TrackedRun) -> None:
    """Take the output of a node, also if logging was configured after :func:`begin`."""
    if not run.config.logs:
        return
    begin(run)
    process_output.ensure()
    log = _logs.get(run.whole.journal_id)
    if log is not None:
        log.nodes += 1


def end_node(run: TrackedRun) -> None:
    """See to it that what a node has logged is not lost if a worker ends now."""
    log = _logs.get(run.whole.journal_id) if run.config.logs else None
    if log is not None:
        log.nodes -= 1
        # Another node's thread may be in the middle of a line, of which a secret is in the rest.
        process_output.flush(threading.get_ident() if log.nodes > 0 else None)
        log.secure()


def write_error(run: TrackedRun, error: BaseException) -> None:
    """Write the traceback of what made a run fail, which Kedro prints after the run's end."""
    log = _logs.get(run.whole.journal_id)
    if log is not None:
        text = "".join(traceback.format_exception(error)).rstrip()
        what = "ERROR    the pipeline has failed:"
        log.take(process_output.line(time.time(), what, mask_secrets(text)))
