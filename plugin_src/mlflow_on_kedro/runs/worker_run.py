"""The pipeline's run in another process than that which opened it: a runner's worker, or a fork."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..delivery.direct_outbox import DirectOutbox
from ..delivery.journal_outbox import WorkerOutbox
from ..journal.outbox import Outbox
from ..journal.records import Opened
from ..tracking.tracked_run import TrackedRun, constructor_arguments
from . import senders

OPENING_SECONDS = 20.0
"""How long the pipeline's process may take to import MLflow and to open the run."""
POLL_SECONDS = 0.05


def reduce_to_worker(run: TrackedRun) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Pickle a run of any kind, as ``__reduce__``: the copy is a worker's."""
    return functools.partial(WorkerRun, **constructor_arguments(run)), ()


@dataclass(eq=False, repr=False)
class WorkerRun(TrackedRun):
    """A run that another process has opened, and will end.

    It writes into the run's journal, from which the process that opened the run delivers. Where
    the journal is not on this machine, it delivers to MLflow itself.
    """

    _outbox: Outbox | None = field(default=None, init=False)

    __reduce__ = reduce_to_worker

    @property
    def in_worker(self) -> bool:
        """Whether another process has opened the run, and will end it."""
        return True

    def _look_for_opened(self) -> Opened | None:
        return self.journal.opened if self.journal is not None else None

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or has failed to answer."""
        deadline = time.monotonic() + OPENING_SECONDS
        while self.opened is None and self.local_journal is not None:
            if self.local_journal.is_failing or time.monotonic() >= deadline:
                return
            time.sleep(POLL_SECONDS)

    @property
    def is_reachable(self) -> bool:
        """Whether MLflow has the run, and answered the process that delivers it."""
        is_failing = self.journal is not None and self.journal.is_failing
        return self.opened is not None and not is_failing

    @property
    def outbox(self) -> Outbox:
        """Takes this process's entries."""
        if self._outbox is None:
            tracking = self.config.tracking
            raising = tracking.on_failure == "raise"
            if self.journal is None and self.opened is not None:
                self._outbox = DirectOutbox(self.uri, self.opened, raising=raising)
            else:
                limit = senders.delivery_seconds(tracking)
                self._outbox = WorkerOutbox(
                    self.journal, self.uri, self.opened, limit, raising=raising
                )
        return self._outbox

    def settle(self) -> None:
        """Deliver what is in memory only: the process may be killed at any time."""
        self.outbox.secure()
