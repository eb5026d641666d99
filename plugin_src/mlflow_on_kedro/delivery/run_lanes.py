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
        self._has_retried = {VALUES: False, FILES: False}
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
        now = time.monotonic()
        if now >= self._retry_at:
            self._retry_at = now + RETRY_SECONDS
            self._delivery.queue.retry_set_aside(passing_only=True)
        sent = self._delivery.send_files()
        if sent or self._end_by is None:
            return sent
        self._delivery.add_last_files()  # prompts that were registered just now have their versions
        return self._delivery.send_files()

    def _finish_values(self) -> bool:
        arriving = not (self._files_sent or self._files_fail())
        if arriving and self._end_by is not None and time.monotonic() < self._end_by:
            return False
        if not self._has_retried[VALUES]:  # the lane of files may have asked for it too late
            self._has_retried[VALUES] = True
            self._resend_refused(self._delivery.send_values)
        self._delivery.end()
        return True

    def _finish_files(self) -> bool:
        # Once the run has ended, the server has accepted something since it refused a file.
        has_ended = self._delivery.status is not None
        if has_ended or not self._has_retried[FILES]:
            self._has_retried[FILES] = True
            self._resend_refused(self._delivery.send_files)
        self._files_sent = True
        if not has_ended:  # the other lane ends the run
            return False
        self._delivery.close()
        return True

    def _resend_refused(self, send: Callable[[], int]) -> None:
        """Send refused entries again that may be accepted, until none of them is."""
        left, before = self._delivery.pending().may_pass, None
        while left and (before is None or left < before):
            self._delivery.queue.retry_set_aside(passing_only=True)
            while send():
                pass
            left, before = self._delivery.pending().may_pass, left
