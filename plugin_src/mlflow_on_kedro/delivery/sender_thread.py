"""Delivery off the pipeline's thread: what the journal holds goes to MLflow while nodes run."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from ..errors import ConfigError, MLflowOnKedroError
from ..journal.entries import FILES, VALUES, Entry
from ..journal.records import Opened
from ..tracking import store
from ..tracking.failure_messages import failure_message
from ..tracking.failures import Kind, kind_of
from .fork_gate import ForkGate
from .lane_thread import LaneThread, LaneWork, is_hopeless
from .outage_log import OutageLog
from .pending import PendingSize
from .run_delivery import RunDelivery
from .sender import Sender

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
FULL_CHUNK = 1000
RETRY_SECONDS = 10.0
"""How long what was refused with an answer that may pass is left alone."""
FILES_GRACE_SECONDS = 5.0
"""How long the end of a run in MLflow waits for files that arrive one after another."""
LEAST_PATIENCE_SECONDS = 1.0
LAST_TRY_SECONDS = 2.0
"""How long a last try may take, once the time for a server that does not answer is over."""
LEAST_BYTES_A_SECOND = 5_000_000
"""How fast a server stores what it was sent, before it answers."""


class SenderThread(Sender):
    """Threads that deliver a run's entries, and try again as long as the run lasts.

    Values and files are two lanes with a thread each: an artifact store that is away does not hold
    up the run's metrics and its end.

    Args:
        delivery: What to deliver.
        timeout: Seconds that an MLflow that does not answer may hold up the run.
        kept: Where undelivered entries are kept, for messages; None: nowhere.
        raising: Whether :meth:`check` raises what has failed.
        others: Further work, done when there is time; each item is one piece of it.
        on_failure: Called when something has failed that :meth:`check` will raise.
    """

    def __init__(
        self,
        delivery: RunDelivery,
        *,
        timeout: float,
        kept: str | None,
        raising: bool = False,
        others: Iterator[None] | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.delivery = delivery
        self._timeout = timeout
        self._held_up = 0.0
        self._raising = raising
        self._on_failure = on_failure
        self._first_failure: Exception | None = None
        self._failure: Exception | None = None
        self._log = OutageLog(delivery, kept)
        self._changed = threading.Condition()
        self._gate = ForkGate(is_remote=store.is_remote(delivery.uri))
        self._others = others
        self._others_done = others is None
        self._ending_since: float | None = None
        self._files_sent = False
        self._grace = FILES_GRACE_SECONDS
        self._has_retried = False
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._values, self._files = self._make_lanes()

    def _make_lanes(self) -> tuple[LaneThread, LaneThread]:
        values = LaneWork(VALUES, self._send_values, FULL_CHUNK, self._finish_values)
        files = LaneWork(FILES, self._send_files, 1, self._finish_files, self._is_open)
        lanes = [
            LaneThread(
                work,
                self.delivery.clocks[work.name],
                self._gate,
                self._changed,
                self._note,
                self._on_rest,
            )
            for work in (values, files)
        ]
        return lanes[0], lanes[1]

    # -- for the pipeline's threads ------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        return self.delivery.opened

    @property
    def status(self) -> str | None:
        """How the run has ended in MLflow; None as long as it has not."""
        return self.delivery.status

    @property
    def failure(self) -> Exception | None:
        """What no later try in this process will mend."""
        return self._failure

    @property
    def warned(self) -> bool:
        """Whether the user was warned that not all could be delivered."""
        return self._log.has_warned

    @property
    def failing(self) -> bool:
        """Whether MLflow does not take values at present."""
        lane = self._values
        return self._failure is not None or lane.is_failing or lane.silence > self._timeout

    def start(self) -> None:
        """Begin to deliver."""
        for lane in (self._values, self._files):
            lane.start()
        if self._others is not None:
            threading.Thread(
                target=self._deliver_others, name="mlflow_on_kedro backlog", daemon=True
            ).start()

    def wait_open(self) -> None:
        """Wait for the run to be there, but not longer than a server that hangs may take."""
        self._wait(lambda: self.opened is not None)
        if self.opened is None and self._failure is None and self._values.failure is None:
            error = TimeoutError(f"no answer within {self._timeout:g} s")
            self._note(self._values, error)

    def flush(self, limit: float) -> None:
        """Wait until what was put so far is in MLflow, or a failure shows that it will not be.

        Args:
            limit: The most seconds to wait.
        """
        lanes = (self._values, self._files)
        tickets = [(lane, lane.ask()) for lane in lanes]
        deadline = time.monotonic() + limit
        self._wait(
            lambda: all(
                lane.has_answered(ticket) or (lane is self._files and lane.is_failing)
                for lane, ticket in tickets
            ),
            deadline,
        )

    def nudge(self) -> None:
        """Deliver soon: much has gathered."""
        self._values.ask()
        self._files.ask()

    def remember(self, entry: Entry) -> None:
        """Take an entry that the journal could not."""
        self.delivery.queue.remember(entry)

    def pending(self) -> PendingSize:
        """How much waits to be delivered."""
        return self.delivery.pending()

    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run; return whether all is delivered."""
        self._grace = min(FILES_GRACE_SECONDS, limit / 2)
        begin = self._ending_since = time.monotonic()
        progress = _each_second(progress)
        lanes = (self._values, self._files)
        for lane in lanes:
            lane.end()
        patience = max(LEAST_PATIENCE_SECONDS, self._timeout - self._held_up)
        while not all(lane.is_done for lane in lanes):
            passed = time.monotonic() - begin
            if passed >= limit or self._gives_up(passed, patience):
                break
            with self._changed:
                self._changed.wait(POLL_SECONDS)
            progress(time.monotonic() - begin)
        is_done = all(lane.is_done for lane in lanes)
        if is_done:
            self._wait_for_others(begin, min(limit, self._timeout), progress)
        else:
            self._note_troubles()
        self.abandon()
        return is_done and self.delivery.pending().set_aside == 0

    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""
        self._values.stop()
        self._files.stop()
        self._others = None

    def check(self) -> None:
        """Raise what has failed, if that was chosen.

        Raises:
            ConfigError: ``run.id`` names no run.
            MLflowOnKedroError: What has failed.
        """
        failure = self._first_failure or self._failure
        if isinstance(failure, ConfigError):
            raise failure
        if self._raising and failure is not None:
            effect = "and `tracking.on_failure` is raise, so the pipeline stops"
            raise MLflowOnKedroError(
                failure_message(self.delivery.uri, failure, effect)
            ) from failure

    def forgive(self) -> None:
        """Deliver the rest in spite of a failure that :meth:`check` will raise."""
        self._first_failure, self._failure = self._failure, None
        self.delivery.queue.raising = False
        stopped = [lane for lane in (self._values, self._files) if lane.is_hopeless]
        for lane in stopped:
            lane.is_hopeless, lane.failure = False, None
            lane.start()

    def _wait(self, condition: Callable[[], bool], deadline: float | None = None) -> None:
        lane = self._values
        begin, silence = time.monotonic(), lane.silence
        with self._changed:
            while not (condition() or lane.is_failing or self._failure is not None):
                if deadline is not None and time.monotonic() >= deadline:
                    break
                if lane.silence > self._timeout - self._held_up:
                    break
                self._changed.wait(POLL_SECONDS)
        waited = time.monotonic() - begin
        self._held_up += min(waited, max(0.0, lane.silence - silence))

    def _gives_up(self, passed: float, patience: float) -> bool:
        """Whether nothing can be delivered any more within the time that the user allows."""

        def is_away(lane: LaneThread, more: float = 0.0) -> bool:
            # A request that was sent before the server came back has to end before another is.
            silent = lane.silence >= patience + LAST_TRY_SECONDS + more
            return lane.is_hopeless or (silent and passed >= min(patience, self._timeout / 2))

        if not self._values.is_done:
            return is_away(self._values)
        return is_away(self._files, self.delivery.pending().file_bytes / LEAST_BYTES_A_SECOND)

    # -- the lanes -----------------------------------------------------------------------------

    def _is_open(self) -> bool:
        return self.delivery.opened is not None

    def _send_values(self) -> int:
        store.prepare()  # takes seconds the first time, and no server is to blame
        return self.delivery.send_values()

    def _send_files(self) -> int:
        now = time.monotonic()
        if now >= self._retry_at:
            self._retry_at = now + RETRY_SECONDS
            self.delivery.queue.retry_set_aside(passing_only=True)
        return self.delivery.send_files()

    def _finish_values(self) -> bool:
        since = self._ending_since
        arriving = not (self._files_sent or self._files.is_failing)
        if arriving and since is not None and time.monotonic() - since < self._grace:
            return False
        self.delivery.end()
        return True

    def _finish_files(self) -> bool:
        if not self._has_retried:  # what was refused just now
            self._has_retried = True
            self.delivery.queue.retry_set_aside(passing_only=True)
            while self.delivery.send_files():
                pass
        self._files_sent = True
        if self.delivery.status is None:  # the other lane ends the run
            return False
        self.delivery.close()
        return True

    def _on_rest(self) -> None:
        journal = self.delivery.journal
        if journal is not None and self._ending_since is None:
            journal.note_alive()

    def _deliver_others(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_open)
        while (others := self._others) is not None:
            with self._gate.passed():
                if next(others, self) is self:
                    break
        self._others_done = True
        with self._changed:
            self._changed.notify_all()

    def _wait_for_others(
        self, begin: float, seconds: float, progress: Callable[[float], None]
    ) -> None:
        deadline = time.monotonic() + seconds
        while not self._others_done and time.monotonic() < deadline:
            with self._changed:
                self._changed.wait(POLL_SECONDS)
            progress(time.monotonic() - begin)

    # -- failures ------------------------------------------------------------------------------

    def _note(self, lane: LaneThread, error: Exception | None) -> None:
        """Note the outcome of a lane's try, and warn once of a failure."""
        journal = self.delivery.journal
        if lane is self._values and journal is not None:
            # Workers that wait for a delivery look there.
            journal.is_failing = error is not None and kind_of(error) is not Kind.BUSY
        if error is None:
            return
        is_config = isinstance(error, ConfigError)
        if not (self._raising or is_config):
            self._log.note(lane.name, error, values_fail=self._values.failure is not None)
        raises = self._raising and self._first_failure is None
        hopeless = lane is self._values and is_hopeless(error)
        if raises or hopeless or is_config:
            self._failure = error
            self._on_failure()

    def _note_troubles(self) -> None:
        for lane in (self._values, self._files):
            error = lane.failure
            if error is None and not lane.is_done and lane.silence > 0:
                error = TimeoutError(f"no answer within {lane.silence:.0f} s")
            self.delivery.note_trouble(lane.name, error)


def _each_second(progress: Callable[[float], None]) -> Callable[[float], None]:
    """Pass on about one call a second."""
    last = 0.0

    def call(passed: float) -> None:
        nonlocal last
        if passed >= last + 1.0:
            last = passed
            progress(passed)

    return call
