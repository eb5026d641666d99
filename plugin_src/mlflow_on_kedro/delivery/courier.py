"""Delivery off the pipeline's thread: what the journal holds goes to MLflow while nodes run."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator

from ..errors import ConfigError, MLflowOnKedroError
from ..journal.entries import Entry
from ..journal.records import Opened
from ..tracking import store
from ..tracking.failures import (
    INCOMPLETE,
    failure_message,
    is_denial,
    is_gone,
    is_mistake,
    is_unknown_uri,
)
from .deliverer import Deliverer
from .parcel import Left, Parcel

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 10.0
# An upload that is slower than this is taken for one that hangs.
LEAST_BYTES_A_SECOND = 1_000_000
POLL_SECONDS = 0.2


class Courier(Deliverer):
    """A thread that delivers a run's entries, and tries again as long as the run lasts.

    Args:
        parcel: What to deliver.
        timeout: Seconds that an MLflow that does not answer may hold up the run: half of them at
            its beginning, half at its end.
        kept: Where undelivered entries are kept, for messages; None: nowhere.
        raising: Whether :meth:`check` raises what has failed.
        others: Further work, done when there is time; each item is one piece of it.
        on_failure: Called when something has failed that :meth:`check` will raise.
    """

    def __init__(
        self,
        parcel: Parcel,
        *,
        timeout: float,
        kept: str | None,
        raising: bool = False,
        others: Iterator[None] | None = None,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.parcel = parcel
        self._failure: Exception | None = None
        self._first_failure: Exception | None = None
        self._warned = False
        self._on_failure = on_failure
        self._patience = timeout / 2
        self._kept = kept
        self._raising = raising
        self._others = others
        self._remote = store.is_remote(parcel.uri)
        # Held while MLflow is imported or called: a fork meanwhile would copy locks of others.
        self.busy = threading.RLock()
        self._changed = threading.Condition()
        self._thread = 0
        self._asked = self._answered = 0
        self._ending = self._delivered = self._finished = False
        self._failing = False
        self._calling_since: float | None = None
        parcel.watch(self._called)
        _couriers.add(self)

    # -- for the pipeline's threads ------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        return self.parcel.opened

    @property
    def status(self) -> str | None:
        """How the run has ended in MLflow; None as long as it has not."""
        return self.parcel.status

    @property
    def failure(self) -> Exception | None:
        """What no later try in this process will mend."""
        return self._failure

    @property
    def warned(self) -> bool:
        """Whether the user was told that MLflow does not answer."""
        return self._warned

    def start(self) -> None:
        """Begin to deliver; a thread that began earlier stops as soon as it can."""
        with self._changed:
            self._thread += 1
            if self._thread > 1:
                self.busy = threading.RLock()
                self.parcel = self.parcel.again()
                self._others = None  # the earlier thread may be in the midst of them
            words = (self._thread, self.parcel, self.busy)
        thread = threading.Thread(
            target=self._work, args=words, name="mlflow_on_kedro delivery", daemon=True
        )
        with contextlib.suppress(RuntimeError):  # Python 3.12 starts none when the process ends
            thread.start()

    def wait_open(self) -> None:
        """Wait for the run to be there, but not longer than a server that hangs may take."""
        self._wait(lambda: self.parcel.opened is not None)
        if self.parcel.opened is None and self.failure is None and not self._failing:
            self._failed(TimeoutError(f"no answer within {self._patience:g} s"))

    def flush(self, limit: float) -> None:
        """Wait until what was put so far is in MLflow, or a failure shows that it will not be.

        Args:
            limit: The most seconds to wait.
        """
        ticket = self._ask()
        self._wait(lambda: self._answered >= ticket, time.monotonic() + limit)

    def nudge(self) -> None:
        """Deliver soon: much has gathered."""
        self._ask()

    def remember(self, entry: Entry) -> None:
        """Take an entry that the journal could not."""
        self.parcel.memory.append(entry)

    def left(self) -> Left:
        """How much waits to be delivered."""
        return self.parcel.left()

    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run, and say whether all is delivered."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        started_again = False
        begin = time.monotonic()
        while not self._finished and self.failure is None:
            passed = time.monotonic() - begin
            gives_up = (self._failing or self._hangs()) and passed >= self._patience
            if gives_up or passed >= limit:
                break
            if self._hangs(after=self._patience / 3) and not started_again:
                started_again = True
                self.start()  # the old one may wait for an answer that never comes
            with self._changed:
                self._changed.wait_for(lambda: self._finished or self.failure, timeout=1.0)
            if not self._finished:
                progress(time.monotonic() - begin)
        self.abandon()
        return self._delivered

    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""
        with self._changed:
            self._thread += 1
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what has failed, if that was chosen.

        Raises:
            ConfigError: ``run.id`` names no run.
            MLflowOnKedroError: What has failed.
        """
        failure = self._first_failure or self.failure
        if isinstance(failure, ConfigError):
            raise failure
        if self._raising and failure is not None:
            effect = "and `tracking.on_failure` is raise, so the pipeline stops"
            raise MLflowOnKedroError(failure_message(self.parcel.uri, failure, effect)) from failure

    def forgive(self) -> None:
        """Deliver the rest in spite of a failure that :meth:`check` will raise."""
        self._first_failure, self._failure = self._failure, None
        self.start()

    @property
    def failing(self) -> bool:
        """Whether MLflow does not answer at present."""
        return self._failing or self.failure is not None or self._hangs()

    def _ask(self) -> int:
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            return self._asked

    def _wait(self, condition: Callable[[], bool], deadline: float | None = None) -> None:
        with self._changed:
            while not (condition() or self._failing or self.failure is not None):
                if self._hangs() or (deadline is not None and time.monotonic() >= deadline):
                    return
                self._changed.wait(POLL_SECONDS)

    def _hangs(self, after: float | None = None) -> bool:
        # Only a server can; a local store waits for its lock or its disk.
        after = self._patience if after is None else after
        since = self._calling_since
        if since is None or not self._remote:
            return False
        passed = time.monotonic() - since
        if passed <= after:
            return False
        return passed > after + self.parcel.left().file_bytes / LEAST_BYTES_A_SECOND

    # -- the thread ----------------------------------------------------------------------------

    def _work(self, number: int, parcel: Parcel, busy: threading.RLock) -> None:
        pause = FIRST_RETRY_SECONDS
        while self._thread == number and not self._finished:
            asked, ending = self._asked, self._ending
            try:
                with busy:
                    self._deliver(number, parcel, asked, ending=ending)
            except Exception as error:
                if self._thread != number:
                    return
                self._failed(error)
                if self.failure is not None:
                    self._tell()
                    return
                self._rest(number, None, ending, pause)
                pause = FIRST_RETRY_SECONDS if ending else min(2 * pause, LAST_RETRY_SECONDS)
            else:
                pause = FIRST_RETRY_SECONDS
                self._set_failing(False)
                self._finished = self._delivered
                self._rest(number, asked, ending, INTERVAL_SECONDS)

    def _rest(self, number: int, asked: int | None, ending: bool, seconds: float) -> None:
        """Wait until there is something to do, or some time has passed."""
        if self.parcel.journal is not None and not ending:
            self.parcel.journal.note_alive()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: (
                    self._thread != number
                    or self._finished
                    or self._ending != ending
                    or (asked is not None and self._asked != asked)
                ),
                timeout=seconds,
            )

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _deliver(self, number: int, parcel: Parcel, asked: int, *, ending: bool) -> None:
        store.prepare()  # takes seconds the first time, and no server is to blame
        try:
            parcel.open()
            self._tell()
            # What comes in meanwhile waits for the next pass: a batch for each handful of values
            # would keep the pipeline's thread from running, and a server busy.
            while self._thread == number and parcel.step() and (ending or parcel.has_more):
                pass
            if ending and self._thread == number:
                parcel.finish()
                self._delivered = True
            self._answered = max(self._answered, asked)
            self._tell()
            while self._others is not None and (number, asked) == (self._thread, self._asked):
                self._called()
                if next(self._others, self) is self:
                    self._others = None
        finally:
            if self._thread == number:
                self._calling_since = None

    def _called(self) -> None:
        self._calling_since = time.monotonic()

    def _set_failing(self, failing: bool) -> None:
        if failing != self._failing:
            self._failing = failing
            if self.parcel.journal is not None:  # workers that wait for a delivery look there
                self.parcel.journal.is_failing = failing

    def _failed(self, error: Exception) -> None:
        hopeless = is_denial(error) or is_gone(error) or is_mistake(error)
        raises = self._raising and self._first_failure is None
        if not self._raising and not isinstance(error, ConfigError):
            self._warn(error)  # first: who sees the failure takes it for said
        if raises or hopeless or isinstance(error, ConfigError):
            self._failure = error
            self._on_failure()
        self._set_failing(True)

    def _warn(self, error: Exception) -> None:
        if self._warned:
            return
        self._warned = True
        if self._kept is None:
            effect = INCOMPLETE
        elif is_unknown_uri(error):
            effect = f"so this run is kept in {self._kept}; the pipeline runs on"
        else:
            effect = (
                f"so this run is kept in {self._kept} and is delivered when MLflow answers "
                "again, or later by `kedro mlflow sync`; the pipeline runs on"
            )
        logger.warning("%s", failure_message(self.parcel.uri, error, effect))


_couriers: weakref.WeakSet[Courier] = weakref.WeakSet()
_held: list[threading.RLock] = []


def _before_fork() -> None:
    for courier in list(_couriers):
        # A server's answer is not waited for: a child has connections of its own.
        patience = 0.5 if courier._calling_since is not None and courier._remote else 60.0  # noqa: SLF001
        busy = courier.busy  # it may be another one after the fork
        if busy.acquire(timeout=patience):
            _held.append(busy)


def _after_fork() -> None:
    while _held:
        _held.pop().release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork)
