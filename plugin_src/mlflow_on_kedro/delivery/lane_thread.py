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
    """Tell a failure of a whole lane that another try in this process does not mend."""
    return is_final(error) or kind_of(error) in {Kind.DENIED, Kind.FORBIDDEN, Kind.GONE}


@dataclass(frozen=True)
class LaneWork:
    """What a lane does.

    Attributes:
        name: Its name.
        send: Sends some entries; returns how many.
        full: So many mean that there are probably more.
        finish: Called once all is sent and the pipeline has ended; returns whether it is done.
        is_ready: Whether there is anything to send to, yet.
    """

    name: str
    send: Callable[[], int]
    full: int
    finish: Callable[[], bool]
    is_ready: Callable[[], bool] = lambda: True


class LaneThread:
    """Sends one lane of a run from a thread of its own, and tries again as long as the run lasts.

    Args:
        work: What it does.
        clock: How long its server has not answered.
        gate: Keeps forks away while MLflow is called.
        changed: Notified whenever the lane's state has changed.
        on_failure: Called with each failure, and on success with None.
        on_rest: Called whenever the lane is about to wait.
    """

    def __init__(
        self,
        work: LaneWork,
        clock: AnswerClock,
        gate: ForkGate,
        changed: threading.Condition,
        on_failure: Callable[[LaneThread, Exception | None], None],
        on_rest: Callable[[], None],
    ) -> None:
        self._clock = clock
        self.failure: Exception | None = None
        """Why the last try has failed; None: it has not."""
        self.is_hopeless = False
        self.is_done = False
        self._failing_since: float | None = None
        self._work, self._gate, self._changed = work, gate, changed
        self._on_failure, self._on_rest = on_failure, on_rest
        self._is_ending = self._is_stopped = False
        self._asked = self._answered = 0

    @property
    def name(self) -> str:
        """The lane's name."""
        return self._work.name

    @property
    def is_failing(self) -> bool:
        """Whether its last try has failed, and not because the server is busy."""
        failure = self.failure
        return self.is_hopeless or (failure is not None and kind_of(failure) is not Kind.BUSY)

    @property
    def silence(self) -> float:
        """Seconds for which no request was answered, or nothing was taken but by a busy server."""
        since = self._failing_since
        failing = time.monotonic() - since if since is not None else 0.0
        return max(failing, self._clock.silence)

    def start(self) -> None:
        """Begin to send."""
        thread = threading.Thread(
            target=self._run, name=f"mlflow_on_kedro {self.name}", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # Python 3.12 starts none when the process ends
            thread.start()

    def ask(self) -> int:
        """Have the lane send soon; returns a ticket for :meth:`has_answered`."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            return self._asked

    def has_answered(self, ticket: int) -> bool:
        """Whether all that was put before the ticket is sent."""
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
            asked, is_ending = self._asked, self._is_ending
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
                    self._answered = max(self._answered, asked)
                self._note(None)
                if not self.is_done:
                    self._rest(asked, is_ending, ENDING_SECONDS if is_ending else INTERVAL_SECONDS)

    def _send(self, *, is_ending: bool) -> None:
        if not self._work.is_ready():
            return
        # What comes in meanwhile waits for the next pass: a batch for each handful of values would
        # keep the pipeline's thread from running, and a server busy.
        while not self._is_stopped and (sent := self._work.send()):
            self._note(None)
            if sent < self._work.full and not is_ending:
                break
        if is_ending and not self._is_stopped:
            self.is_done = self._work.finish()

    def _note(self, error: Exception | None) -> None:
        self._on_failure(self, error)  # first: who sees the failure takes it for logged
        if error is None or kind_of(error) is Kind.BUSY:
            self._failing_since = None
        elif self._failing_since is None:
            self._failing_since = time.monotonic()
        self.is_hopeless = error is not None and is_hopeless(error)
        self.failure = error
        with self._changed:
            self._changed.notify_all()

    def _rest(self, asked: int | None, is_ending: bool, seconds: float) -> None:
        """Wait until there is something to do, or some time has passed."""
        self._on_rest()
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_stopped
                    or self._is_ending != is_ending
                    or (asked is not None and self._asked != asked)
                    or (asked is not None and self._answered < asked and self._work.is_ready())
                ),
                timeout=seconds,
            )
