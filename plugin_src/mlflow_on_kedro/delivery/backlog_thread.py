"""A thread that delivers the backlog of earlier runs while the present run has nothing to send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from .fork_gate import ForkGate

POLL_SECONDS = 0.2


class BacklogThread:
    """Delivers the backlog, one journal after another, once the present run is open.

    Args:
        backlog: Delivers one journal at each iteration; None: there is none.
        gate: Delays forks while MLflow is called.
        changed: Notified whenever the state of the sender changes.
        is_open: Whether the present run is open.
    """

    def __init__(
        self,
        backlog: Iterator[None] | None,
        gate: ForkGate,
        changed: threading.Condition,
        is_open: Callable[[], bool],
    ) -> None:
        self._backlog, self._gate = backlog, gate
        self._changed, self._is_open = changed, is_open
        self._is_done = backlog is None

    def start(self) -> None:
        """Start the thread, if there is a backlog."""
        if self._backlog is not None:
            threading.Thread(target=self._run, name="mlflow_on_kedro backlog", daemon=True).start()

    def stop(self) -> None:
        """Stop after the journal that is being delivered."""
        self._backlog = None

    def wait(self, deadline: float, progress: Callable[[], None]) -> None:
        """Wait until the backlog is delivered.

        Args:
            deadline: The time of :func:`time.monotonic` at which to give up.
            progress: Called again and again meanwhile.
        """
        while not self._is_done and time.monotonic() < deadline:
            with self._changed:
                self._changed.wait(POLL_SECONDS)
            progress()

    def _run(self) -> None:
        with self._changed:
            self._changed.wait_for(self._is_open)
        while (backlog := self._backlog) is not None:
            with self._gate.passed():
                if next(backlog, self) is self:
                    break
        self._is_done = True
        with self._changed:
            self._changed.notify_all()
