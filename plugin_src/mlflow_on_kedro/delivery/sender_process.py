"""Delivery in a process of its own, so that the pipeline's process need not import MLflow.

It runs on another processor than the nodes, and outlives a pipeline that is killed. The entries are
in the journal; :mod:`mlflow_on_kedro.delivery.sender_main` describes the messages between the two
processes.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import PurePath

from ..errors import ConfigError, MLflowOnKedroError
from ..journal.entries import Entry
from ..journal.entry_lines import to_line
from ..journal.folder import Journal
from ..journal.records import Opened
from ..utils import import_watch
from . import early_start
from .json_pipe import Message
from .pending import PendingSize
from .sender import Sender

logger = logging.getLogger(__name__)


class _Started:
    """Whether this process has started a sender process before."""

    once = False


def is_faster() -> bool:
    """Return whether a process of its own saves time, and can be started.

    Where MLflow is already imported, as in a notebook or by a node's module, a thread is faster. A
    service that runs many pipelines starts one process only: from its second run on, it imports
    MLflow itself. A process that has imported MLflow meanwhile is faster than both.
    """
    if early_start.is_started():
        return True
    program = PurePath(sys.executable or "").name.lower()
    is_python = program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return is_python and not import_watch.is_imported() and not _Started.once


class SenderProcess(Sender):
    """A process that delivers a run's entries; if it dies, a thread continues.

    Args:
        journal: The run's journal.
        config: All of :class:`mlflow_on_kedro.delivery.sender_main.SenderConfig` except the
            journal's folder, ``sys.path`` and the variables.
        fallback: Makes a sender for this process.
        on_opened: Called when MLflow has the run, in a thread of its own.
    """

    def __init__(
        self,
        journal: Journal,
        config: Message,
        fallback: Callable[[], Sender],
        on_opened: Callable[[Opened], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._config = {**config, "folder": str(journal.folder)}
        self._make_fallback = fallback
        self._on_opened = on_opened
        self._fallback: Sender | None = None
        self._replacing = threading.Lock()
        self._pipe = early_start.new_pipe()  # until it is started
        self._opened: Opened | None = None
        self._status: str | None = None
        self._failure: Exception | None = None
        self._has_warned = False

    # -- the state -------------------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None until it is created."""
        if self._fallback is not None:
            return self._fallback.opened
        if self._opened is None:
            self._opened = self._journal.opened
        return self._opened

    @property
    def status(self) -> str | None:
        """The status with which the run has ended in MLflow; None until then."""
        return self._status if self._fallback is None else self._fallback.status

    @property
    def is_failing(self) -> bool:
        """Whether MLflow does not answer at present."""
        if self._fallback is not None:
            return self._fallback.is_failing
        return self._failure is not None or self._journal.is_failing

    @property
    def failure(self) -> Exception | None:
        """A failure that no later try can repair."""
        return self._failure if self._fallback is None else self._fallback.failure

    @property
    def has_warned(self) -> bool:
        """Whether the user was warned that not everything could be delivered."""
        return self._has_warned or (self._fallback is not None and self._fallback.has_warned)

    def pending(self) -> PendingSize:
        """Return how much waits for delivery."""
        return PendingSize.in_journal(self._journal, self._journal.delivered)

    # -- requests -------------------------------------------------------------------

    def start(self) -> None:
        """Start the process."""
        _Started.once = True
        self._pipe, variables = early_start.take()
        self._pipe.on_message = self._on_message
        self._pipe.send({**self._config, "path": sys.path, "variables": variables})

    def wait_open(self) -> None:
        """Wait until the run is open, at most as long as a silent server may block the pipeline."""
        if self.opened is None and self._request("wait_open") is None:
            self._replacement().wait_open()

    def flush(self, limit: float, *, values_only: bool = False) -> None:
        """Wait until all entries so far are in MLflow, or delivery has failed."""
        if self._request("flush_values" if values_only else "flush", limit) is None:
            self._replacement().flush(limit, values_only=values_only)

    def nudge(self) -> None:
        """Deliver soon: many entries wait."""
        if self._fallback is not None:
            self._fallback.nudge()
        else:
            self._pipe.send({"do": "nudge"})

    def remember(self, entry: Entry) -> None:
        """Deliver an entry that could not be written into the journal."""
        message = {"do": "remember", "entry": to_line(entry).decode()}
        if self._fallback is not None or not self._pipe.send(message):
            self._replacement().remember(entry)

    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run; return whether everything is delivered."""
        if self._fallback is not None:
            return self._fallback.finish(limit, progress)
        full_limit: float = self._config["limit"]
        patience = limit if limit < full_limit else None
        try:
            answer = self._pipe.request("finish", full_limit, patience, progress)
        except TimeoutError:
            self.continues_after_exit = patience is not None
            answer = {"delivered": False}
        if not self.continues_after_exit:
            self._pipe.close()
        if answer is None:
            return self._replacement().finish(limit, progress)
        delivered = bool(answer["delivered"])
        if delivered:  # on Windows the process cannot remove the lock that this one holds
            self._journal.discard()
        return delivered

    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""
        if self._fallback is not None:
            self._fallback.abandon()
        else:
            self._pipe.send({"do": "abandon"})
        self._pipe.close()

    def check(self) -> None:
        """Raise a failure that is to be raised."""
        if self._failure is not None:
            raise self._failure
        if self._fallback is not None:
            self._fallback.check()

    def ignore_failure(self) -> None:
        """Deliver the rest in spite of a failure, which :meth:`check` still raises."""
        if self._fallback is not None:
            self._fallback.ignore_failure()
        else:
            self._pipe.send({"do": "ignore_failure"})

    # -- messages -------------------------------------------------------------

    def _request(self, what: str, limit: float | None = None) -> Message | None:
        if self._fallback is not None:
            return None
        try:
            return self._pipe.request(what, limit)
        except TimeoutError:  # it hangs: the journal has all entries
            return {}

    def _on_message(self, message: Message) -> None:
        early_start.handle_record(message)
        if "has_warned" in message:
            self._has_warned = bool(message["has_warned"])
        if message.get("opened"):  # the journal is removed once everything is delivered
            self._opened = Opened(**message["opened"])
        if message.get("event") == "opened" and self._opened is not None:
            self._on_opened(self._opened)
        if "failure" in message:
            kind = ConfigError if message["is_config"] else MLflowOnKedroError
            self._failure = self._failure or kind(message["failure"])
        if "status" in message:
            self._status = message["status"]
        if self.continues_after_exit and message.get("delivered"):  # and this process lives on
            self._pipe.close()
            self._journal.discard()

    def _replacement(self) -> Sender:
        """Return the sender that replaces a process that has ended."""
        with self._replacing:
            if self._fallback is None:
                logger.debug("The process that delivers to MLflow is lost; a thread goes on.")
                self._fallback = self._make_fallback()
                self._fallback.start()
            return self._fallback
