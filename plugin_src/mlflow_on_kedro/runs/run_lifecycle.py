"""A pipeline's run from beginning to end, in the process that runs the pipeline."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import threading
from collections.abc import Callable

from ..config.header_checks import TYPE
from ..delivery import backlog
from ..delivery.connection import Connection
from ..delivery.journal_delivery import deliver_resumed
from ..delivery.journal_outbox import JournalOutbox, warn_no_journal
from ..delivery.pending import PendingSize
from ..delivery.run_delivery import RunDelivery
from ..delivery.sender import Sender
from ..delivery.sender_process import SenderProcess, is_faster
from ..delivery.sender_thread import SenderThread
from ..journal.entries import End
from ..journal.folder import FOLDER, Journal
from ..journal.records import Header, Opened
from ..tracking import request_headers, resuming, store
from ..tracking.opening import RunRequest
from ..utils import cli_hints, session_variables, termination
from ..utils.clock import now_ms
from ..utils.secrets import mask_urls
from . import save_records

logger = logging.getLogger(__name__)

TERMINATION_SECONDS = 4.0
QUIET_SECONDS = 1.0
SAY_EVERY_SECONDS = 5.0


class RunLifecycle:
    """Keeps the journal of a run, has it delivered, and ends the run.

    Args:
        request: What run it is.
    """

    def __init__(self, request: RunRequest) -> None:
        self.start_ms = now_ms()
        header, self.uri = request.begin(self.start_ms)
        self.key = header.key
        self.owned = header.owned
        self.journal_id = header.journal
        tracking = request.config.tracking
        is_own = header.owned and header.run_id is None and header.key is None
        self._series = request.series if is_own else None
        self._root = request.root
        self._raising = tracking.on_failure == "raise"
        self._limit = tracking.wait_at_end
        self._pid = os.getpid()
        self._end_lock = threading.Lock()
        self.has_ended = False
        self.at_exit: list[Callable[[], None]] = []
        """Called before the run is ended because the process ends."""
        self.journal = _new_journal(request, header)
        self._request, self._header = request, header
        self._sender: Sender | None = None
        if not request.offline:
            self._sender = self._make_sender()
        elif self.journal is not None:
            self.journal.is_failing = True  # workers need not wait for a delivery
        self.outbox = JournalOutbox(self.journal, self._sender, self._limit)

    def _make_sender(self) -> Sender:
        way = self._request.config.tracking.delivery
        headers = dict(request_headers.in_use())
        # A class of the user's that gives headers may depend on what is in this process.
        can = store.is_for_all_processes(self.uri) and TYPE not in headers
        chosen = way == "process" or (way == "auto" and is_faster())
        if self.journal is None or not (can and chosen):
            return self._make_thread()
        order = {
            "uri": self.uri,
            "root": str(self._request.root),
            "timeout": self._request.config.tracking.timeout,
            "limit": self._limit,
            "raising": self._raising,
            "headers": headers,
            "lean": True,
        }
        fallback = functools.partial(self._make_thread, tried=True)
        return SenderProcess(self.journal, order, fallback)

    def _make_thread(self, *, tried: bool = False) -> SenderThread:
        root, raising = self._request.root, self._raising
        connection = Connection(self.uri)
        return SenderThread(
            RunDelivery(
                self._header,
                connection,
                root,
                self.journal,
                raising=raising,
                tried=tried,
                before_open=deliver_resumed,
            ),
            timeout=self._request.config.tracking.timeout,
            kept_in=str(self.journal.folder) if self.journal else None,
            raising=self._raising,
            backlog=backlog.deliver_backlog(root, self.uri, skip=self._header.journal),
        )

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        return self._sender.opened if self._sender is not None else None

    @property
    def failing(self) -> bool:
        """Whether MLflow does not answer at present, or is not asked."""
        return self._sender is None or self._sender.is_failing

    def open(self) -> None:
        """Open the run in MLflow, and see to it that it ends with the process at the latest.

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
            if self._series is not None:
                resuming.note(self._root, self._series, self.journal_id)
        except BaseException:
            session_variables.SESSION.end_run()
            raise
        atexit.register(self._end_at_exit)
        termination.before_termination(self._end_at_termination)

    @property
    def _must_be_open(self) -> bool:
        """Whether no node may run before MLflow has the run, or has failed to answer.

        Where the user wants failures to be raised, names a run or an id of an experiment that may
        not exist, or has others log to it; and where nodes may run on machines that do not see the
        journal.
        """
        header = self._header
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
        """Deliver everything and end the run, once.

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
        try:  # who comes second has waited until it is done
            if not self.has_ended:
                self.has_ended = True
                atexit.unregister(self._end_at_exit)
                termination.forget(self._end_at_termination)
                try:
                    self._finish(status, limit)
                finally:
                    session_variables.SESSION.end_run()
                if self.key is None:  # no other process loads what this run has saved
                    save_records.forget(self._request.root, self.journal_id)
        finally:
            self._end_lock.release()

    def _finish(self, status: str, limit: float) -> None:
        sender = self._sender
        if sender is None:
            self.outbox.put(End(status, now_ms()))
            self._say_kept()
            return
        if self._raising:
            sender.flush(limit)
        failed = self._raising and sender.failure is not None
        if failed:
            status = "FAILED" if status == "FINISHED" else status
        self.outbox.put(End(status, now_ms()))
        if failed:
            sender.ignore_failure()
        is_delivered = sender.finish(limit, self._progress())
        if sender.status is not None:
            self._say_ended(sender)
        if not is_delivered:
            self._say_undelivered(sender)
        sender.check()

    def _progress(self) -> Callable[[float], None]:
        said = 0.0

        def progress(passed: float) -> None:
            nonlocal said
            sender = self._sender
            if sender is None or sender.is_failing or passed < said + QUIET_SECONDS:
                return
            said = passed + SAY_EVERY_SECONDS - QUIET_SECONDS
            size = sender.pending()
            is_done = sender.status is not None and size == PendingSize()
            what = "what earlier runs have left" if is_done else size.in_words()
            logger.info("Delivering to MLflow: %s to go ...", what)

        return progress

    def _say_ended(self, sender: Sender) -> None:
        opened, status = sender.opened, sender.status
        if opened is None or not self._header.owned:
            return
        url = store.run_url(self.uri, opened.experiment_id, opened.run_id)
        if status == "RUNNING":
            status = "still open, because other processes with the same `run.key` log to it"
        look = url or cli_hints.to_view(self.uri, self._root, self._request.env)
        logger.info(
            "MLflow run %s (%s): %s. Look at it: %s", opened.name, opened.run_id, status, look
        )

    def _say_undelivered(self, sender: Sender) -> None:
        if self.journal is None:
            logger.warning(
                "Not all of this run is in MLflow at %s, and it could not be kept for later.",
                mask_urls(self.uri),
            )
            return
        if sender.continues_after_exit:  # and takes the journal's lock when this process has ended
            logger.info(
                "The rest of this run is delivered to MLflow in the background: %s to go. "
                "`kedro mlflow status` tells how far it is.",
                sender.pending().in_words(),
            )
            return
        self.journal.release()
        level = logging.INFO if sender.has_warned else logging.WARNING
        logger.log(
            level,
            "Not all of this run is in MLflow at %s: what waits (%s) is kept in %s. %s.",
            mask_urls(self.uri),
            sender.pending().in_words(),
            self.journal.folder,
            cli_hints.to_deliver(self._root, self._request.env),
        )

    def _say_kept(self) -> None:
        if self.journal is None:
            return
        self.journal.release()
        logger.info(
            "Tracking is offline: this run is kept in %s. Deliver it with `kedro mlflow sync`, or "
            "from another machine with `kedro mlflow sync PATH`.",
            self.journal.folder,
        )

    def _end_at_exit(self) -> None:
        # Ctrl-C and sys.exit pass Kedro's hooks by.
        if os.getpid() != self._pid:  # a fork's end is not the run's
            return
        for leave in self.at_exit:
            leave()
        try:
            self.end("KILLED", TERMINATION_SECONDS)
        except KeyboardInterrupt:  # a second Ctrl-C
            if self.journal is not None:
                logger.warning(
                    "Not waiting any longer: what MLflow lacks of this run is kept in %s. %s.",
                    self.journal.folder,
                    cli_hints.to_deliver(self._root, self._request.env),
                )

    def _end_at_termination(self) -> None:
        self.end("KILLED", TERMINATION_SECONDS)


def _new_journal(request: RunRequest, header: Header) -> Journal | None:
    try:
        return Journal.create(store.working_folder(request.root) / FOLDER, header)
    except OSError as error:
        warn_no_journal(error, lost=request.offline)
        return None
