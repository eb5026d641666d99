"""A run that somebody else has started, and that is only logged to."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..config.sections import Config
from ..delivery.direct_outbox import DirectOutbox
from ..journal.outbox import Outbox
from ..tracking import store
from ..tracking.opening import as_opened
from ..tracking.tracked_run import TrackedRun
from .worker_run import reduce_to_worker


@dataclass(eq=False, repr=False)
class JoinedRun(TrackedRun):
    """A run that MLflow has already; it has no journal, and is delivered to from memory."""

    _is_owned: bool = field(default=False, init=False)
    _outbox: DirectOutbox = field(init=False)

    __reduce__ = reduce_to_worker

    @classmethod
    def from_id(
        cls, uri: str, run_id: str, config: Config | None = None, *, owned: bool = False
    ) -> JoinedRun:
        """Log to a run that exists.

        Args:
            uri: The tracking URI.
            run_id: The run.
            config: The whole configuration. Default: all defaults.
            owned: Whether :meth:`end` ends the run in MLflow, too.

        Raises:
            mlflow.exceptions.MlflowException: The store has no such run.
        """
        client = store.connect(uri)
        opened = as_opened(client.get_run(run_id).info)
        run = cls(uri, config or Config(), _opened=opened)
        run._client, run._is_owned = client, owned
        raising = run.config.tracking.on_failure == "raise"
        run._outbox = DirectOutbox(uri, opened, client=client, raising=raising)
        return run

    @property
    def outbox(self) -> Outbox:
        """Takes this process's entries."""
        return self._outbox

    def end(self, status: str, error: BaseException | None = None) -> None:
        """Deliver everything, and end the run if it is owned."""
        if error is not None:
            self.log_error(error)
        self._outbox.flush(last=True)
        if self._is_owned:
            self._is_owned = False
            with self.guard():
                self.client.set_terminated(self.run_id, status=status)
