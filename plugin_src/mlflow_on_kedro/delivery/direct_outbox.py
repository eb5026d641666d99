"""An outbox that sends entries to MLflow itself, where there is no journal."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from ..journal.entries import FILES, VALUES, Entry, File
from ..journal.outbox import Outbox, is_missing_file
from ..journal.records import Opened
from ..tracking import own_calls, store
from ..tracking.failure_messages import INCOMPLETE, failure_message
from .answer_clock import AnswerClock, WatchedClient
from .artifact_writer import ArtifactWriter
from .batch_writer import BatchWriter
from .entry_queue import EntryQueue
from .routes import AT_THE_END

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

FLUSH_SIZE = 500
FLUSH_SECONDS = 5.0
RETRY_SECONDS = 30.0


class DirectOutbox(Outbox):
    """Collects entries in memory, and sends them in the calling thread.

    For other runs than the pipeline's, and for processes that cannot see its journal. If the store
    cannot be reached, it warns once and keeps the entries for the next try.

    Args:
        uri: The tracking URI.
        opened: The run.
        client: A client of this process, if one exists.
        raising: Raise failures instead of warning (``tracking.on_failure: raise``).
    """

    def __init__(
        self,
        uri: str,
        opened: Opened,
        *,
        client: MlflowClient | None = None,
        raising: bool = False,
    ) -> None:
        self._uri, self._opened = uri, opened
        self._raising = raising
        self._client = client
        self._writers: dict[str, BatchWriter | ArtifactWriter] = {}
        self._queue = EntryQueue(None, raising=raising, complete=False)
        self._waiting = 0
        self._lock = threading.RLock()
        self._warned = False
        self._next_try = 0.0
        self._flushed_at = time.monotonic()

    def put(self, entry: Entry) -> None:
        """Log an entry; send at once if many wait, or for a file, which may change later."""
        if is_missing_file(entry) or isinstance(entry, AT_THE_END):
            return
        with self._lock:
            self._queue.remember(entry)
            self._waiting += 1
            waited = time.monotonic() - self._flushed_at
            if isinstance(entry, File) or self._waiting >= FLUSH_SIZE or waited >= FLUSH_SECONDS:
                self.flush()

    def flush(self, *, values_only: bool = False, last: bool = False) -> None:  # noqa: ARG002 - in one go
        """Send all entries.

        Args:
            values_only: It has no effect.
            last: There is no later try, so do not wait after a failure.
        """
        with self._lock:
            if not self._waiting or (time.monotonic() < self._next_try and not last):
                return
            self._flushed_at = time.monotonic()
            failures = [self._send(lane) for lane in (VALUES, FILES)]
            failure = next((error for error in failures if error is not None), None)
            if failure is None:
                self._waiting = 0
                return
            self._next_try = time.monotonic() + RETRY_SECONDS
            if self._raising:
                raise failure
            self._warn(failure)

    def _send(self, lane: str) -> Exception | None:
        try:
            with own_calls.bypassed():
                while (chunk := self._queue.next(lane)) is not None:
                    self._writer(lane).send(chunk.entries)
                    self._queue.done(lane)
        except Exception as error:
            return error
        return None

    def _writer(self, lane: str) -> BatchWriter | ArtifactWriter:
        if not self._writers:
            client: Any = WatchedClient(self._client or store.connect(self._uri), AnswerClock())
            run_id, refused = self._opened.run_id, self._queue.set_aside
            self._writers[VALUES] = BatchWriter(client, run_id, refused)
            self._writers[FILES] = ArtifactWriter(
                client,
                run_id,
                self._opened.artifact_uri,
                refused,
                uri=self._uri,
                raising=self._raising,
            )
        return self._writers[lane]

    def secure(self) -> None:
        """Send now."""
        self.flush()

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("%s", failure_message(self._uri, error, INCOMPLETE))
