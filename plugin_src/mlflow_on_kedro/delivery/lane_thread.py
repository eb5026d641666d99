"""One lane of a run's delivery: a thread that sends, waits and tries again."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..tracking.failures import Kind, kind_of
from .answer_clock import AnswerClock
from .fork_gate import ForkGate
from .refusals import is_final

INTERVAL_SECONDS = 2.0
ENDING_SECONDS = 0.02
"""How long a lane at its end waits for the other one before it looks again."""
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 10.0
LAST_BUSY_SECONDS = 30.0


def is_hopeless(error: Exception) -> bool:
    """Return whether a failure of a lane is one that no later try in this process can repair."""
    return is_final(error) or kind_of(error) in {Kind.DENIED, Kind.FORBIDDEN, Kind.GONE}


@dataclass(frozen=True)
class LaneWork:
    """What a lane does.

    Attributes:
        name: The lane's name.
        send: Sends some entries; returns how many.
        full: If it returns as many, more entries probably wait.
        finish: Called once everything is sent and the pipeline has ended; returns whether it is
            done.
        is_ready: Whether the run exists, so that entries can be sent.
    """

    name: str
    send: Callable[[], int]
    full: int
    finish: Callable[[], bool]
    is_ready: Callable[[], bool] = lambda: True


class LaneThread:
    """Sends one lane of a run from a thread of its own, and retries as long as the run lasts.

    Args:
        work: What it does.
        clock: Measures for how long its server has not answered.
        gate: Delays forks while MLflow is called.
        changed: Notified whenever the lane's state has changed.
        on_outcome: Called with the error after each try; None is success.
        on_rest: Called whenever the lane is about to wait.
    """

    def __init__(
        self,
        work: LaneWork,
        clock: AnswerClock,
        gate: ForkGate,
        changed: threading.Condition,
        on_outcome: Callable[[LaneThread, Exception | None], None],
        on_rest: Callable[[], None],
    ) -> None:
        self._clock = clock
        self.failure: Exception | None = None
        """Why the last try has failed; None if it succeeded."""
        self.is_hopeless = False
        self.is_done = False
        self._failing_since: float | None = None
        self._work, self._gate, self._changed = work, gate, changed
        self._on_outcome, self._on_rest = on_outcome, on_rest
        self._is_ending = self._is_stopped = False
        self._requests = self._answered = 0

    @property
    def name(self) -> str:
        """The lane's name."""
        return self._work.name

    @property
    def is_failing(self) -> bool:
        """Whether its last try has failed for another reason than a busy server."""
        failure = self.failure
        return self.is_hopeless or (failure is not None and kind_of(failure) is not Kind.BUSY)

    @property
    def silence(self) -> float:
        """For how many seconds no request was answered, or all failed; a busy server answers."""
        since = self._failing_since
        failing = time.monotonic() - since if since is not None else 0.0
        return max(failing, self._clock.silence)

    def start(self) -> None:
        """Begin to send."""
        thread = threading.Thread(
            target=self._run, name=f"mlflow_on_kedro {self.name}", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # Python 3.12 and later start none at exit
            thread.start()

    def request(self) -> int:
        """Request that the lane sends soon; return a ticket for :meth:`has_sent`."""
        with self._changed:
            self._requests += 1
            self._changed.notify_all()
            return self._requests

    def has_sent(self, ticket: int) -> bool:
        """Return whether everything that was logged before the request is sent."""
        return self._answered >= ticket

    def end(self) -> None:
        """Send the rest and finish."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop as soon as possible."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        pause = FIRST_RETRY_SECONDS
        while not (self._is_stopped or self.is_done):
            requests, is_ending = self._requests, self._is_ending
            is_ready = self._work.is_ready()
            try:
                with self._gate.passed():
                    self._send(is_ending=is_ending)
            except Exception as error:
                self._note(error)
                if self.is_hopeless:
                    return
                busy = kind_of(error) is Kind.BUSY
                self._rest(None, is_ending, pause)
                longest = LAST_BUSY_SECONDS if busy else LAST_RETRY_SECONDS
                ending = is_ending and not busy
                pause = FIRST_RETRY_SECONDS if ending else min(2 * pause, longest)
            else:
                pause = FIRST_RETRY_SECONDS
                if is_ready:
                    self._answered = max(self._answered, requests)
                self._note(None)
                if not self.is_done:
                    self._rest(
                        requests, is_ending, ENDING_SECONDS if is_ending else INTERVAL_SECONDS
                    )

    def _send(self, *, is_ending: bool) -> None:
        if not self._work.is_ready():
            return
        # Entries that arrive meanwhile wait for the next pass: a batch for every few values would
        # slow down the pipeline's thread and the server.
        while not self._is_stopped and (sent := self._work.send()):
            self._note(None)
            if sent < self._work.full and not is_ending:
                break
        if is_ending and not self._is_stopped:
            self.is_done = self._work.finish()

    def _note(self, error: Exception | None) -> None:
        self._on_outcome(self, error)  # first: whoever sees the failure assumes that it is logged
        if error is None or kind_of(error) is Kind.BUSY:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = time.monotonic()
        self.is_hopeless = error is not None and is_hopeless(error)
        self.failure = error
        with self._changed:
            self._changed.notify_all()

    def _rest(self, requests: int | None, is_ending: bool, seconds: float) -> None:
        """Wait until there is something to do, or some time has passed."""
        self._on_rest()
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_stopped
                    or self._is_ending != is_ending
                    or (requests is not None and self._requests != requests)
                    or (
                        requests is not None and self._answered < requests and self._work.is_ready()
                    )
                ),
                timeout=seconds,
            )
