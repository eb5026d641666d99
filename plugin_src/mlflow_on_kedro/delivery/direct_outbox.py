"""An outbox that delivers what it is given by itself: where there is no journal."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from ..journal.entries import Entry, File
from ..tracking import diverting, store
from ..tracking.failures import INCOMPLETE, failure_message
from .outbox import Outbox, is_missing
from .sending import Delivery

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

FLUSH_SIZE = 500
FLUSH_SECONDS = 5.0
RETRY_SECONDS = 30.0


class DirectOutbox(Outbox):
    """Gathers entries in memory, and delivers them in the thread that asks for it.

    For runs elsewhere, and in processes that have no part in a journal. A store that cannot be
    reached is said once, and what was gathered is kept for the next try.

    Args:
        uri: The tracking URI.
        run_id: The MLflow run.
        client: A client of this process, if there is one already.
        raising: Raise what goes wrong instead of warning (``tracking.on_failure: raise``).
    """

    def __init__(
        self, uri: str, run_id: str, *, client: MlflowClient | None = None, raising: bool = False
    ) -> None:
        self._uri = uri
        self._run_id = run_id
        self._raising = raising
        self._client = client
        self._delivery: Delivery | None = None
        self._waiting: list[Entry] = []
        self._lock = threading.RLock()
        self._warned = False
        self._next_try = 0.0
        self._flushed_at = time.monotonic()

    def put(self, entry: Entry) -> None:
        """Take an entry; deliver when enough has gathered, or files, which may change later."""
        if is_missing(entry):
            return
        with self._lock:
            self._waiting.append(entry)
            waited = time.monotonic() - self._flushed_at
            if (
                isinstance(entry, File)
                or len(self._waiting) >= FLUSH_SIZE
                or waited >= FLUSH_SECONDS
            ):
                self.flush()

    def flush(self, *, last: bool = False) -> None:
        """Deliver all that has gathered.

        Args:
            last: There is no later try, so do not hold back after a failure.
        """
        with self._lock:
            if not self._waiting or (time.monotonic() < self._next_try and not last):
                return
            self._flushed_at = time.monotonic()
            if self._delivery is None:
                client = self._client or store.connect(self._uri)
                self._delivery = Delivery(
                    client, self._run_id, raising=self._raising, uri=self._uri
                )
            entries = list(self._waiting)
            try:
                with diverting.bypassed():
                    self._delivery.send(entries)
            except Exception as error:
                self._next_try = time.monotonic() + RETRY_SECONDS
                if self._raising:
                    raise
                self._warn(error)
            else:
                del self._waiting[: len(entries)]

    def settle(self) -> None:
        """Deliver now."""
        self.flush()

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            logger.warning("%s", failure_message(self._uri, error, INCOMPLETE))
