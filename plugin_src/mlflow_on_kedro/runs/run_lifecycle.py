"""A pipeline's run from beginning to end, in the process that runs the pipeline."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable

from ..delivery.journal_outbox import JournalOutbox, warn_no_journal
from ..delivery.sender import Sender
from ..delivery.sender_thread import SenderThread
from ..journal.entries import End
from ..journal.folder import FOLDER, Journal
from ..journal.records import Header, Opened
from ..tracking import store
from ..utils import session_variables, termination
from ..utils.clock import now_ms
from . import choosing, last_runs, save_records, senders
from .run_messages import RunMessages
from .run_request import RunRequest

TERMINATION_SECONDS = 4.0
"""How long the run may take to end when the process is terminated."""


class RunLifecycle:
    """Keeps the journal of a run, has it delivered, and ends the run.

    Args:
        request: What the run is to be.

    Attributes:
        header: What run it is.
        uri: The tracking URI with its credentials.
        journal: The run's journal; None: the disk is full or read-only.
        outbox: Takes the entries of this process.
        before_exit: Called before the run ends because the process exits.
        has_ended: Whether the run is ending, or has ended.
        not_logged: What automatic logging has left out, for the user; "" if nothing.
    """

    def __init__(self, request: RunRequest) -> None:
        self.header, self.uri = choosing.decide(request, now_ms())
        self.journal = _new_journal(request, self.header)
        self._messages = RunMessages(request, self.header, self.uri, self.journal)
        self._sender = senders.new_sender(
            request, self.header, self.uri, self.journal, self._on_opened
        )
        self._limit = request.config.tracking.wait_at_end
        limit = senders.delivery_seconds(request.config.tracking)
        self.outbox = JournalOutbox(self.journal, self._sender, limit)
        self.before_exit: Callable[[], None] = lambda: None
        self.has_ended = False
        self.not_logged = ""
        self._request = request
        self._raising = request.config.tracking.on_failure == "raise"
        self._pid = os.getpid()
        self._end_lock = threading.Lock()

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        return self._sender.opened if self._sender is not None else None

    def _on_opened(self, opened: Opened) -> None:
        if not self.has_ended:  # otherwise the message at the end says it all
            self._messages.log_opened(opened)

    @property
    def is_failing(self) -> bool:
        """Whether MLflow does not answer at present, or may not be contacted."""
        return self._sender is None or self._sender.is_failing

    def open(self) -> None:
        """Open the run in MLflow, and arrange that it ends with the process at the latest.

        Raises:
            ConfigError: ``run.id`` names no run of this store.
            MLflowOnKedroError: MLflow could not be reached, and the user chose
                ``tracking.on_failure: raise``.
        """
        session_variables.SESSION.begin_run()
        try:
            if self._sender is not None:
                self._sender.start()
                if isinstance(self._sender, SenderThread) or self._must_be_open:
                    self._sender.wait_open()
                    self._check_opened(self._sender)
            if self._is_new_run:
                last_runs.write(self._request.root, self._request.series, self.header.journal)
        except BaseException:
            session_variables.SESSION.end_run()
            raise
        atexit.register(self._end_at_exit)
        termination.before_termination(self._end_at_termination)

    @property
    def _is_new_run(self) -> bool:
        """Whether it is a run of this pipeline alone, which a later one may resume."""
        header = self.header
        return header.owned and header.run_id is None and header.key is None

    @property
    def _must_be_open(self) -> bool:
        """Whether no node may run before MLflow has the run, or has failed to answer.

        That is so where failures are to be raised, where the user names a run or an experiment that
        may not exist, where several processes share the run, and where nodes may run on machines
        that do not have the journal.
        """
        header = self.header
        named = (header.run_id, header.given_parent, header.experiment_id, header.key)
        return self._raising or any(named) or self._request.spread == "any"

    def _check_opened(self, sender: Sender) -> None:
        try:
            sender.check()
        except BaseException:
            sender.abandon()
            if self.journal is not None:
                self.journal.discard()
            raise

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or has failed to answer."""
        if self._sender is not None:
            self._sender.wait_open()

    def nudge(self) -> None:
        """Have what waits delivered soon."""
        if self._sender is not None:
            self._sender.nudge()

    def end(self, status: str, limit: float | None = None) -> None:
        """Deliver everything and end the run; only the first call has an effect.

        Args:
            status: MLflow's status of that name.
            limit: The most seconds that it may take. Default: ``tracking.wait_at_end``.

        Raises:
            MLflowOnKedroError: Not all could be delivered, and the user chose
                ``tracking.on_failure: raise``.
        """
        limit = self._limit if limit is None else limit
        if not self._end_lock.acquire(timeout=limit):
            return
        try:  # a second caller has waited for the first one
            if not self.has_ended:
                self.has_ended = True
                atexit.unregister(self._end_at_exit)
                termination.forget(self._end_at_termination)
                try:
                    self._finish(status, limit)
                finally:
                    session_variables.SESSION.end_run()
                if self.header.key is None:  # no other process loads what this run has saved
                    save_records.forget(self._request.root, self.header.journal)
        finally:
            self._end_lock.release()

    def _finish(self, status: str, limit: float) -> None:
        sender = self._sender
        self._messages.log_content(self.outbox.tally(), self.not_logged)
        if sender is None:
            self.outbox.put(End(status, now_ms()))
            self._messages.log_offline()
            return
        if self._raising:
            sender.flush(limit)
        has_failed = self._raising and sender.failure is not None
        if has_failed and status == "FINISHED":
            status = "FAILED"
        self.outbox.put(End(status, now_ms()))
        if has_failed:
            sender.ignore_failure()
        is_delivered = sender.finish(limit, self._messages.progress_of(sender))
        if sender.status is not None:
            self._messages.log_ended(sender)
        if not is_delivered:
            self._messages.log_undelivered(sender)
        sender.check()

    def _end_at_exit(self) -> None:
        # Ctrl-C and sys.exit end the process without a call of Kedro's hooks.
        if os.getpid() != self._pid:  # the end of a fork is not the run's
            return
        self.before_exit()
        try:
            self.end("KILLED", TERMINATION_SECONDS)
        except KeyboardInterrupt:  # a second Ctrl-C
            self._messages.log_interrupted()

    def _end_at_termination(self) -> None:
        self.end("KILLED", TERMINATION_SECONDS)


def _new_journal(request: RunRequest, header: Header) -> Journal | None:
    try:
        journal = Journal.create(store.working_folder(request.root) / FOLDER, header)
    except OSError as error:
        warn_no_journal(error, lost=request.is_offline)
        return None
    if request.is_offline:
        journal.is_failing = True  # workers need not wait for a delivery
    return journal
