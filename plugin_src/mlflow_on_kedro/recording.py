"""A pipeline's run from beginning to end, in the process that runs the pipeline."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import threading
import time
from collections.abc import Callable

from . import advice, termination
from .datasets import freshness
from .delivery import leftovers
from .delivery.courier import Courier
from .delivery.courier_process import CourierProcess, is_worth_it
from .delivery.deliverer import Deliverer
from .delivery.journal_outbox import JournalOutbox, say_no_journal
from .delivery.parcel import Left, Parcel
from .journal.entries import End
from .journal.folder import FOLDER, Journal
from .journal.records import Header, Opened
from .secrets import mask_urls
from .tracking import request_headers, resuming, store
from .tracking.opening import RunRequest

logger = logging.getLogger(__name__)

TERMINATION_SECONDS = 4.0
QUIET_SECONDS = 1.0
SAY_EVERY_SECONDS = 5.0


class Recording:
    """Keeps the journal of a run, has it delivered, and ends the run.

    Args:
        request: What run it is.
    """

    def __init__(self, request: RunRequest) -> None:
        self.start_ms = now_ms()
        header, self.uri = request.begin(self.start_ms)
        self.key = header.key
        self.journal_id = header.journal
        tracking = request.config.tracking
        is_own = header.owned and header.run_id is None and header.key is None
        self._series = request.series if is_own else None
        self._root = request.root
        self._raising = tracking.on_failure == "raise"
        self._limit = tracking.wait_at_end
        self._pid = os.getpid()
        self._end_lock = threading.Lock()
        self._ended = False
        self.at_exit: list[Callable[[], None]] = []
        """Called before the run is ended because the process ends."""
        self.journal = _new_journal(request, header)
        self._request, self._header = request, header
        self._courier: Deliverer | None = None
        if not request.offline:
            self._courier = self._make_courier()
        elif self.journal is not None:
            self.journal.is_failing = True  # workers need not wait for a delivery
        self.outbox = JournalOutbox(self.journal, self._courier, self._limit)

    def _make_courier(self) -> Deliverer:
        way = self._request.config.tracking.delivery
        headers = dict(request_headers.in_use())
        # A class of the user's that gives headers may depend on what is in this process.
        can = store.is_for_all_processes(self.uri) and request_headers.TYPE not in headers
        chosen = way == "process" or (way == "auto" and is_worth_it())
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
        stand_in = functools.partial(self._make_thread, tried=True)
        return CourierProcess(self.journal, order, stand_in)

    def _make_thread(self, *, tried: bool = False) -> Courier:
        root, raising = self._request.root, self._raising
        return Courier(
            Parcel(self._header, self.uri, root, self.journal, raising=raising, tried=tried),
            timeout=self._request.config.tracking.timeout,
            kept=str(self.journal.folder) if self.journal else None,
            raising=self._raising,
            others=leftovers.deliver_each(root, self.uri, but=self._header.journal),
        )

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        return self._courier.opened if self._courier is not None else None

    @property
    def failing(self) -> bool:
        """Whether MLflow does not answer at present, or is not asked."""
        return self._courier is None or self._courier.failing

    def open(self) -> None:
        """Open the run in MLflow, and see to it that it ends with the process at the latest.

        Raises:
            ConfigError: ``run.id`` names no run of this store.
            MLflowOnKedroError: MLflow could not be reached, and the user chose
                ``tracking.on_failure: raise``.
        """
        if self._courier is not None:
            self._courier.start()
            if isinstance(self._courier, Courier) or self._must_be_open:
                self._courier.wait_open()
                self._check_opened(self._courier)
        if self._series is not None:
            resuming.note(self._root, self._series, self.journal_id)
        atexit.register(self._end_at_exit)
        termination.before_termination(self._end_at_termination)

    @property
    def _must_be_open(self) -> bool:
        """Whether no node may run before MLflow has the run, or has failed to answer.

        Where the user wants failures to be raised, names a run that may not exist, or has others
        log to it; and where nodes may run on machines that do not see the journal.
        """
        request = self._request
        continues = self._header.run_id is not None or self._header.key is not None
        return self._raising or continues or request.spread == "any"

    def _check_opened(self, courier: Deliverer) -> None:
        try:
            courier.check()
        except BaseException:
            courier.abandon()
            if self.journal is not None:
                self.journal.discard()
            raise

    def wait_open(self) -> None:
        """Wait until MLflow has the run, or has failed to answer."""
        if self._courier is not None:
            self._courier.wait_open()

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
            if not self._ended:
                self._ended = True
                atexit.unregister(self._end_at_exit)
                termination.forget(self._end_at_termination)
                self._finish(status, limit)
                if self.key is None:  # no other process loads what this run has saved
                    freshness.forget(self._request.root, self.journal_id)
        finally:
            self._end_lock.release()

    def _finish(self, status: str, limit: float) -> None:
        courier = self._courier
        if courier is None:
            self.outbox.put(End(status, now_ms()))
            self._say_kept()
            return
        if self._raising:
            courier.flush(limit)
        failed = self._raising and courier.failure is not None
        if failed:
            status = "FAILED" if status == "FINISHED" else status
        self.outbox.put(End(status, now_ms()))
        if failed:
            courier.forgive()
        if courier.finish(limit, self._progress()):
            self._say_ended(courier)
        else:
            self._say_undelivered(courier)
        courier.check()

    def _progress(self) -> Callable[[float], None]:
        said = 0.0

        def progress(passed: float) -> None:
            nonlocal said
            courier = self._courier
            if courier is None or courier.failing or passed < said + QUIET_SECONDS:
                return
            said = passed + SAY_EVERY_SECONDS - QUIET_SECONDS
            what = "what earlier runs have left"
            if courier.status is None:
                what = in_words(courier.left())
            logger.info("Delivering to MLflow: %s to go ...", what)

        return progress

    def _say_ended(self, courier: Deliverer) -> None:
        opened, status = courier.opened, courier.status
        if opened is None or not self._header.owned:
            return
        url = store.run_url(self.uri, opened.experiment_id, opened.run_id)
        if status == "RUNNING":
            status = "still open, because other processes with the same `run.key` log to it"
        look = url or advice.to_look(self.uri, self._root, self._request.env)
        logger.info(
            "MLflow run %s (%s): %s. Look at it: %s", opened.name, opened.run_id, status, look
        )

    def _say_undelivered(self, courier: Deliverer) -> None:
        if self.journal is None:
            logger.warning(
                "Not all of this run is in MLflow at %s, and it could not be kept for later.",
                mask_urls(self.uri),
            )
            return
        if courier.goes_on:  # and takes the journal's lock when this process has ended
            logger.info(
                "The rest of this run is delivered to MLflow in the background: %s to go. "
                "`kedro mlflow status` tells how far it is.",
                in_words(courier.left()),
            )
            return
        self.journal.release()
        level = logging.INFO if courier.warned else logging.WARNING
        logger.log(
            level,
            "Not all of this run is in MLflow at %s: %s to go, kept in %s. %s.",
            mask_urls(self.uri),
            in_words(courier.left()),
            self.journal.folder,
            advice.to_deliver(self._root, self._request.env),
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
        self.end("KILLED", TERMINATION_SECONDS)

    def _end_at_termination(self) -> None:
        self.end("KILLED", TERMINATION_SECONDS)


def in_words(left: Left) -> str:
    """Say how much waits to be delivered.

    Example:
        >>> in_words(Left(entry_bytes=2000, files=3, file_bytes=45_000_000))
        '2 kB of values and 3 artifacts (45.0 MB)'
    """
    if not left.entry_bytes and not left.files:
        return "only its end"
    values = f"{_size(left.entry_bytes)} of values"
    if not left.files:
        return values
    plural = "s" if left.files > 1 else ""
    artifacts = f"{left.files} artifact{plural} ({_size(left.file_bytes)})"
    return f"{values} and {artifacts}" if left.entry_bytes else artifacts


def _size(count: float) -> str:
    if count < 1_000_000:  # noqa: PLR2004 - a megabyte
        return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count:.0f} bytes"  # noqa: PLR2004
    return f"{count / 1_000_000:.1f} MB"


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _new_journal(request: RunRequest, header: Header) -> Journal | None:
    try:
        return Journal.create(request.root / store.WORKING_FOLDER / FOLDER, header)
    except OSError as error:
        say_no_journal(error, lost=request.offline)
        return None
