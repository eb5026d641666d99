"""What the two lanes of a run do while its pipeline runs, and once it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..journal.entries import FILES, VALUES
from ..tracking import store
from .lane_thread import LaneWork
from .run_delivery import RunDelivery

FULL_CHUNK = 1000
RETRY_SECONDS = 10.0
"""How long to wait before a refused entry that may be accepted later is sent again."""
FILES_GRACE_SECONDS = 5.0
"""How long the end of a run in MLflow waits for files while they arrive one after another."""


class RunLanes:
    """Sends one run in two lanes, and ends it when the pipeline has ended.

    Args:
        delivery: Delivers the run.
        files_fail: Whether the lane of files fails at present.
    """

    def __init__(self, delivery: RunDelivery, files_fail: Callable[[], bool]) -> None:
        self._delivery, self._files_fail = delivery, files_fail
        self._files_sent = False
        self._has_retried = False
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._end_by: float | None = None
        self.works = (
            LaneWork(VALUES, self._send_values, FULL_CHUNK, self._finish_values),
            LaneWork(FILES, self._send_files, 1, self._finish_files, self.is_open),
        )

    def is_open(self) -> bool:
        """Return whether the run exists in MLflow."""
        return self._delivery.opened is not None

    def begin_end(self, limit: float) -> None:
        """Note that the pipeline has ended.

        Args:
            limit: The most seconds that the delivery of the rest may take.
        """
        self._end_by = time.monotonic() + min(FILES_GRACE_SECONDS, limit / 2)

    def note_alive(self) -> None:
        """Write into the journal that the pipeline is running."""
        journal = self._delivery.journal
        if journal is not None and self._end_by is None:
            journal.note_alive()

    def _send_values(self) -> int:
        store.prepare()  # takes seconds the first time, which do not count as the server's
        return self._delivery.send_values()

    def _send_files(self) -> int:
        if self._end_by is not None:
            self._delivery.add_last_files()
        now = time.monotonic()
        if now >= self._retry_at:
            self._retry_at = now + RETRY_SECONDS
            self._delivery.queue.retry_set_aside(passing_only=True)
        return self._delivery.send_files()

    def _finish_values(self) -> bool:
        arriving = not (self._files_sent or self._files_fail())
        if arriving and self._end_by is not None and time.monotonic() < self._end_by:
            return False
        self._delivery.end()
        return True

    def _finish_files(self) -> bool:
        if not self._has_retried:  # entries that were refused just now
            self._has_retried = True
            self._delivery.queue.retry_set_aside(passing_only=True)
            while self._delivery.send_files():
                pass
        self._files_sent = True
        if self._delivery.status is None:  # the other lane ends the run
            return False
        self._delivery.close()
        return True
