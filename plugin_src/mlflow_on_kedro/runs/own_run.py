"""The pipeline's run, in the process that opened it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..journal.outbox import Outbox
from ..journal.records import Opened
from ..mlflow_internals import mlflow_globals
from ..observability import run_log
from ..tracking.description import ARTIFACT as DESCRIPTION_ARTIFACT
from ..tracking.tracked_run import TrackedRun
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from .node_calls import fluent
from .run_lifecycle import RunLifecycle
from .run_request import RunRequest
from .worker_run import WorkerRun, reduce_to_worker


@dataclass(eq=False, repr=False, kw_only=True)
class OwnRun(TrackedRun):
    """The pipeline's run, in the process that opened it and will end it.

    The run may begin before MLflow can be reached: as long as :attr:`opened` is None, it has no id.
    A copy that is pickled and, after a fork, the run itself are each a :class:`WorkerRun`.
    """

    lifecycle: RunLifecycle
    _at_end: list[Callable[[], None]] = field(default_factory=list, init=False)
    _has_saved_globals: bool = field(default=False, init=False)

    __reduce__ = reduce_to_worker

    @classmethod
    def open(cls, request: RunRequest) -> OwnRun:
        """Open a pipeline's run.

        1. :class:`.RunLifecycle` decides what run it is (:func:`.choosing.decide`), writes that as
           the header of a journal, and chooses what delivers the journal
           (:func:`.senders.new_sender`).
        2. The run's first entries are logged: tags and the description.
        3. :meth:`.RunLifecycle.open` starts the sender. Its thread or process finds or creates the
           run in MLflow (:func:`mlflow_on_kedro.tracking.opening.open_run`) and then delivers what
           the journal holds.
        4. :func:`.fluent.begin` makes it the run that calls of MLflow's own API log to.

        If MLflow cannot be reached, there is a warning, and the run begins nevertheless.

        Raises:
            ConfigError: ``run.id`` names no run of this store.
            MLflowOnKedroError: MLflow could not be reached, and the user chose
                ``tracking.on_failure: raise``.
        """
        lifecycle = RunLifecycle(request)
        header = lifecycle.header
        run = cls(
            lifecycle.uri,
            request.config,
            request.root,
            header.start_ms,
            request.pipeline_info,
            request.secret_params,
            lifecycle.journal,
            header.journal,
            header.key,
            is_offline=request.is_offline,
            is_shared=header.key is not None or request.spread != "process",
            ends_with_pipeline=header.owned,
            lifecycle=lifecycle,
        )
        for key, value in request.all_tags.items():
            run.set_tag(key, value)
        description = request.config.run.description or ""
        if len(description) > MAX_TAG_LENGTH:
            run.log_text(description, DESCRIPTION_ARTIFACT)
        lifecycle.before_exit = run._before_exit
        lifecycle.open()
        _own_runs.add(run)
        with run.guard():
            run_log.begin(run)
            mlflow_globals.save_globals()
            run._has_saved_globals = True
            fluent.begin(run)
        return run

    def _look_for_opened(self) -> Opened | None:
        return self.lifecycle.opened

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or has failed to answer."""
        self.lifecycle.wait_open()

    @property
    def is_reachable(self) -> bool:
        """Whether MLflow has the run, and answers at present."""
        return self.opened is not None and not self.lifecycle.is_failing

    @property
    def outbox(self) -> Outbox:
        """Takes this process's entries."""
        return self.lifecycle.outbox

    def nudge(self) -> None:
        """Have what waits delivered soon."""
        self.lifecycle.nudge()

    def log_error(self, error: BaseException) -> None:
        """Log what made the run fail, also in its log."""
        run_log.write_error(self, error)
        super().log_error(error)

    def at_end(self, call: Callable[[], None]) -> None:
        """Call a function before the run ends, unless a signal ends it."""
        self._at_end.append(call)

    def end(self, status: str, error: BaseException | None = None) -> None:
        """Deliver everything and end the run; only the first call has an effect.

        Args:
            status: MLflow's status of that name.
            error: What made the run fail; it is logged.

        Raises:
            MLflowOnKedroError: Not all could be delivered, and the user chose
                ``tracking.on_failure: raise``.
        """
        if error is not None and not self.lifecycle.has_ended:
            self.log_error(error)
        self._before_end(status)
        for group in self.groups.values():
            group.end(status)
        try:
            self.lifecycle.end(status)
        finally:
            self._restore_globals()

    def _before_exit(self) -> None:
        self._before_end("KILLED")

    def _before_end(self, status: str) -> None:
        with self.guard():
            fluent.end(self, status)
        while self._at_end:
            with self.guard():
                self._at_end.pop()()
        self.lifecycle.not_logged = self.not_logged

    def _restore_globals(self) -> None:
        # The next session decides anew where MLflow's own calls log to.
        if self._has_saved_globals:
            self._has_saved_globals = False
            with self.guard():
                mlflow_globals.restore_globals()


_own_runs: weakref.WeakSet[OwnRun] = weakref.WeakSet()


def _become_worker_runs() -> None:
    """Make the runs of a process that was forked those of a worker.

    Hooks, datasets and threads have references to them, so each changes its class and stays the
    same object. This is the only place that notices a fork.
    """
    for run in list(_own_runs):
        worker: Any = run
        worker.__class__ = WorkerRun
        for each in (worker, *worker.groups.values()):
            each._outbox = None  # noqa: SLF001 - of the same class
    _own_runs.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_become_worker_runs)
