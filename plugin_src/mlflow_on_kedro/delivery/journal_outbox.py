"""Outboxes that write into the run's journal: in the process that opened the run, and in others."""

from __future__ import annotations

import errno
import logging
import time

from ..journal.entries import VALUES, Artifact, End, Entry, File, SpanRecord
from ..journal.folder import Journal
from ..journal.outbox import Outbox, is_missing_file
from ..journal.records import Opened
from ..journal.tally import Tally
from ..journal.writer import writer
from ..tracking.failures import reason
from ..utils.secrets import mask_urls
from .direct_outbox import DirectOutbox
from .sender import Sender

logger = logging.getLogger(__name__)

NUDGE_BYTES = 100_000
POLL_SECONDS = 0.05
# Errors of the whole disk, not of one artifact; Windows has no quota.
_OF_THE_DISK = {errno.ENOSPC, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}


class JournalOutbox(Outbox):
    """Writes entries into the run's journal, from which a sender delivers them.

    For the process that opened the run.

    Args:
        journal: The journal; None: the disk is full or read-only, so entries stay in memory.
        sender: Delivers the entries; None: not now (``tracking.mode: offline``).
        limit: The most seconds to wait for delivery while MLflow answers.
    """

    def __init__(self, journal: Journal | None, sender: Sender | None, limit: float) -> None:
        self._sender = sender
        self._limit = limit
        self._writer = writer(journal) if journal is not None else None
        self._written = self._unsent = 0
        self._journal = journal
        self._tally = Tally()

    def put(self, entry: Entry) -> None:
        """Write an entry into the journal.

        Raises:
            MLflowOnKedroError: Tracking has failed, and the user chose ``on_failure: raise``.
        """
        if self._sender is not None and not isinstance(entry, End):
            self._sender.check()
        if is_missing_file(entry):
            return
        self._tally.add(entry)
        if self._writer is not None:
            try:
                written = self._writer.append(entry)
            except OSError as error:
                if isinstance(entry, Artifact) and error.errno not in _OF_THE_DISK:
                    self._not_kept(entry, error)
                    return
                self._writer = None
                warn_no_journal(error, lost=self._sender is None)
            else:
                if self._sender is not None and self._is_urgent(entry, written):
                    self._sender.nudge()
                return
        self._remember(entry)

    def _is_urgent(self, entry: Entry, written: int) -> bool:
        """Return whether the sender has to send now: a file, or many values.

        Args:
            entry: The entry.
            written: Bytes of this process's file with the entry.
        """
        if entry.lane != VALUES:
            return isinstance(entry, File)
        if not isinstance(entry, SpanRecord):  # these are sent when the run ends
            self._unsent += written - self._written
        self._written = written
        if self._unsent <= NUDGE_BYTES:
            return False
        self._unsent = 0
        return True

    def tally(self) -> Tally:
        """Count what all processes of the run have logged."""
        if self._journal is not None:
            self._tally.add_journal(self._journal, but=writer(self._journal).name)
        return self._tally

    def flush(self, *, values_only: bool = False) -> None:
        """Wait until all entries are in MLflow."""
        if self._sender is not None:
            self._sender.flush(self._limit, values_only=values_only)
            self._sender.check()

    def secure(self) -> None:
        """Do nothing: what is in the journal is safe."""

    def _not_kept(self, entry: Artifact, error: OSError) -> None:
        if self._sender is None:
            what, why = mask_urls(entry.path), reason(error)
            logger.warning("The artifact %s cannot be kept, and is left out. (%s)", what, why)
        self._remember(entry)

    def _remember(self, entry: Entry) -> None:
        if self._sender is None:
            return  # lost: the user was warned when the journal failed
        self._sender.remember(entry)
        if isinstance(entry, File):  # since it may change later
            self._sender.flush(self._limit)


class WorkerOutbox(Outbox):
    """Writes entries into the run's journal, from which another process delivers them.

    If there is no such folder, on another machine or after the run's end, it sends them itself.

    Args:
        journal: The run's journal.
        uri: The tracking URI.
        opened: The run in MLflow, if it existed when this process received its copy.
        limit: The most seconds to wait for delivery.
        raising: Raise failures (``tracking.on_failure: raise``).
    """

    def __init__(
        self,
        journal: Journal | None,
        uri: str,
        opened: Opened | None,
        limit: float,
        *,
        raising: bool,
    ) -> None:
        self._journal = journal
        self._writer = writer(journal) if journal is not None and journal.exists() else None
        self._uri = uri
        self._opened = opened
        self._limit = limit
        self._raising = raising
        self._direct: DirectOutbox | None = None
        self._lost = False

    def put(self, entry: Entry) -> None:
        """Write an entry into the journal, or collect it to be sent."""
        if is_missing_file(entry):
            return
        if self._writer is not None:
            try:
                self._writer.append(entry)
            except OSError:
                if not isinstance(entry, Artifact):
                    self._writer = None
            else:
                return
        self._send_itself(entry)

    def flush(self, *, values_only: bool = False) -> None:
        """Wait until all entries are in MLflow, those of the run's other processes, too.

        What this process is to load from the run may be what another one has logged.
        """
        if self._direct is not None:
            self._direct.flush()
        if self._journal is None or self._writer is None:
            return
        written = self._journal.sizes(VALUES if values_only else None)
        deadline = time.monotonic() + self._limit
        while time.monotonic() < deadline and not self._journal.is_failing:
            delivered = self._journal.delivered
            if all(delivered.get(name, 0) >= size for name, size in written.items()):
                return
            time.sleep(POLL_SECONDS)

    def secure(self) -> None:
        """Send what could not be written into the journal."""
        if self._direct is not None:
            self._direct.flush()

    def _send_itself(self, entry: Entry) -> None:
        opened = self._opened or (self._journal.opened if self._journal is not None else None)
        if self._direct is None and opened is not None:
            self._direct = DirectOutbox(self._uri, opened, raising=self._raising)
        if self._direct is not None:
            self._direct.put(entry)
        elif not self._lost:
            self._lost = True
            logger.warning(
                "What this process logs is lost: MLflow at %s could not be reached when the run "
                "began, and the run's journal is not on this machine.",
                mask_urls(self._uri),
            )


def warn_no_journal(error: OSError, *, lost: bool) -> None:
    """Warn that the journal of a run cannot be written.

    Args:
        error: Why.
        lost: Nothing is sent now, either (``tracking.mode: offline``).
    """
    effect = "tracking goes on without it"
    if lost:
        effect = "tracking is offline, so what it logs from now on is lost"
    logger.warning(
        "The journal of this run cannot be written (%s: %s); %s. %s",
        type(error).__name__,
        error.strerror or error,
        effect,
        "Where the project is read-only, MLFLOW_ON_KEDRO_HOME names another folder for it.",
    )
