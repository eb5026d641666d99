"""Threads that deliver a run's entries from its journal to MLflow while nodes run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from ..journal.entries import Entry
from ..journal.records import Opened
from ..tracking import store
from ..tracking.failures import Kind, kind_of
from .backlog_thread import POLL_SECONDS, BacklogThread
from .fork_gate import ForkGate
from .lane_thread import LaneThread
from .outage_log import OutageLog
from .pending import PendingSize
from .run_delivery import RunDelivery
from .run_lanes import RunLanes
from .sender import Sender
from .sender_failures import SenderFailures

LEAST_PATIENCE_SECONDS = 1.0
LAST_TRY_SECONDS = 2.0
"""How long a last try may take, after the time for a server that does not answer."""
LEAST_BYTES_A_SECOND = 5_000_000
"""How fast a server stores what it receives, before it answers."""


class SenderThread(Sender):
    """Delivers values and files in a thread each, and retries as long as the run lasts.

    An artifact store that is unreachable does not delay the run's metrics and its end.

    Args:
        delivery: What to deliver.
        timeout: For how many seconds an MLflow that does not answer may block the pipeline.
        kept_in: Where undelivered entries are kept, for messages; None: nowhere.
        raising: Whether :meth:`check` raises failures.
        background: Whether nobody waits for :meth:`finish`, so that it tries until its limit.
        backlog: Delivers one journal of an earlier run at each iteration, while there is time.
        on_failure: Called when :meth:`check` has something to raise.
    """

    def __init__(
        self,
        delivery: RunDelivery,
        *,
        timeout: float,
        kept_in: str | None,
        raising: bool = False,
        background: bool = False,
        backlog: Iterator[None] | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.delivery = delivery
        self._timeout = timeout
        self._is_background = background
        self._blocked = 0.0
        """For how long a silent server has blocked the pipeline so far."""
        self._log = OutageLog(delivery, kept_in)
        self._failures = SenderFailures(
            delivery.uri, self._log, raising=raising, on_failure=on_failure
        )
        self._changed = threading.Condition()
        gate = ForkGate(is_remote=store.is_remote(delivery.uri))
        self._run = RunLanes(delivery, lambda: self._files.is_failing)
        self._values, self._files = self._lanes = [
            LaneThread(
                work,
                delivery.clocks[work.name],
                gate,
                self._changed,
                self._note,
                self._run.note_alive,
            )
            for work in self._run.works
        ]
        self._backlog = BacklogThread(backlog, gate, self._changed, self._run.is_open)

    # -- called by the pipeline's threads --------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None until it is created."""
        return self.delivery.opened

    @property
    def status(self) -> str | None:
        """The status with which the run has ended in MLflow; None until then."""
        return self.delivery.status

    @property
    def failure(self) -> Exception | None:
        """A failure that no later try in this process can repair."""
        return self._failures.fatal

    @property
    def has_warned(self) -> bool:
        """Whether the user was warned that not everything could be delivered."""
        return self._log.has_warned

    @property
    def is_failing(self) -> bool:
        """Whether MLflow does not accept values at present."""
        lane = self._values
        return self.failure is not None or lane.is_failing or lane.silence > self._timeout

    def start(self) -> None:
        """Begin to deliver."""
        for lane in self._lanes:
            lane.start()
        self._backlog.start()

    def wait_open(self) -> None:
        """Wait until the run is open, at most as long as a silent server may block the pipeline."""
        self._wait(self._run.is_open)
        if self.opened is None and self.failure is None and self._values.failure is None:
            self._note(self._values, TimeoutError(f"no answer within {self._timeout:g} s"))

    def flush(self, limit: float, *, values_only: bool = False) -> None:
        """Wait until all entries so far are in MLflow, or delivery has failed.

        Args:
            limit: The most seconds to wait.
            values_only: Do not wait for artifacts and models.
        """
        lanes = [self._values] if values_only else self._lanes
        tickets = [(lane, lane.request()) for lane in lanes]
        self._wait(
            lambda: all(
                lane.has_sent(ticket) or (lane is self._files and lane.is_failing)
                for lane, ticket in tickets
            ),
            time.monotonic() + limit,
        )

    def nudge(self) -> None:
        """Deliver soon: many entries wait."""
        for lane in self._lanes:
            lane.request()

    def remember(self, entry: Entry) -> None:
        """Deliver an entry that could not be written into the journal."""
        self.delivery.queue.remember(entry)

    def pending(self) -> PendingSize:
        """Return how much waits for delivery."""
        return self.delivery.pending()

    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run; return whether everything is delivered."""
        begin = time.monotonic()
        self._run.begin_end(limit)
        report = _once_a_second(progress, begin)
        for lane in self._lanes:
            lane.end()
        patience = max(LEAST_PATIENCE_SECONDS, self._timeout - self._blocked)
        while not (is_done := all(lane.is_done for lane in self._lanes)):
            passed = time.monotonic() - begin
            if passed >= limit or self._gives_up(passed, patience):
                break
            with self._changed:
                self._changed.wait(POLL_SECONDS)
            report()
        if is_done:
            self._backlog.wait(time.monotonic() + min(limit, self._timeout), report)
        else:
            self._note_troubles()
        self.abandon()
        return is_done and self.delivery.pending().set_aside == 0

    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""
        for lane in self._lanes:
            lane.stop()
        self._backlog.stop()

    def check(self) -> None:
        """Raise a failure that is to be raised."""
        self._failures.check()

    def ignore_failure(self) -> None:
        """Deliver the rest in spite of a failure, which :meth:`check` still raises."""
        self._failures.ignore()
        self.delivery.queue.raising = False
        stopped = [lane for lane in self._lanes if lane.is_hopeless]
        for lane in stopped:
            lane.is_hopeless, lane.failure = False, None
            lane.start()

    def _wait(self, condition: Callable[[], bool], deadline: float | None = None) -> None:
        lane = self._values
        begin, silence = time.monotonic(), lane.silence
        with self._changed:
            while not (condition() or lane.is_failing or self.failure is not None):
                if deadline is not None and time.monotonic() >= deadline:
                    break
                if lane.silence > self._timeout - self._blocked:
                    break
                self._changed.wait(POLL_SECONDS)
        waited = time.monotonic() - begin
        self._blocked += min(waited, max(0.0, lane.silence - silence))

    def _gives_up(self, passed: float, patience: float) -> bool:
        """Return whether nothing more can be delivered within the time that the user allows."""

        def is_away(lane: LaneThread, more: float = 0.0) -> bool:
            if self._is_background:  # a silent server keeps nobody waiting, and may come back
                return lane.is_hopeless
            # A request from before the server came back has to end before the next one is sent.
            silent = lane.silence >= patience + LAST_TRY_SECONDS + more
            return lane.is_hopeless or (silent and passed >= min(patience, self._timeout / 2))

        if not self._values.is_done:
            return is_away(self._values)
        return is_away(self._files, self.delivery.pending().file_bytes / LEAST_BYTES_A_SECOND)

    # -- called by the lanes ---------------------------------------------------------------------

    def _note(self, lane: LaneThread, error: Exception | None) -> None:
        """Note the outcome of a lane's try; None is success."""
        journal = self.delivery.journal
        if lane is self._values and journal is not None:
            # Workers that wait for delivery read this.
            journal.is_failing = error is not None and kind_of(error) is not Kind.BUSY
        if error is not None:
            self._failures.note(lane, error, values_fail=self._values.failure is not None)

    def _note_troubles(self) -> None:
        for lane in self._lanes:
            error = lane.failure
            if error is None and not lane.is_done and lane.silence > 0:
                error = TimeoutError(f"no answer within {lane.silence:.0f} s")
            self.delivery.note_trouble(lane.name, error)


def _once_a_second(progress: Callable[[float], None], begin: float) -> Callable[[], None]:
    """Return a function that calls `progress` about once a second, with the seconds since then."""
    last = 0.0

    def call() -> None:
        nonlocal last
        passed = time.monotonic() - begin
        if passed >= last + 1.0:
            last = passed
            progress(passed)

    return call
