"""Delivery in a process of its own, so that the pipeline's process need not import MLflow.

It works on the other processor while nodes run, and outlives a pipeline that is killed. What the
two processes say to each other is in :mod:`mlflow_on_kedro.delivery.sender_main`; all else is in
the journal.
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
from .json_pipe import JsonPipe, Message
from .pending import PendingSize
from .sender import Sender

logger = logging.getLogger(__name__)

# Passes of the garbage collector over all that is imported take a third of the whole time, so it is
# off until that is done. The order comes on standard input, because others can see a process's
# arguments and environment.
_BOOT = (
    "import gc, json, sys; gc.disable(); order = json.loads(sys.stdin.buffer.readline()); "
    "sys.path[:] = order['path']; "
    "from mlflow_on_kedro.delivery.sender_main import main; main(order)"
)


class _Started:
    """Whether this process has started one that delivers."""

    once = False


def is_worth_it() -> bool:
    """Whether a process of its own saves time, and can be had.

    Where MLflow is imported already, as in a notebook or by a node's module, a thread has nothing
    to wait for. A service that runs many pipelines imports it once, with its second run, instead
    of having a process for each.
    """
    program = PurePath(sys.executable or "").name.lower()
    is_python = program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return is_python and not import_watch.is_imported() and not _Started.once


class SenderProcess(Sender):
    """A process that delivers a run's entries; should it be lost, a thread goes on.

    Args:
        journal: The run's journal.
        order: What the process is told first, beside the journal: see
            :class:`mlflow_on_kedro.delivery.sender_main.SenderConfig`.
        fallback: Makes a sender for this process.
    """

    def __init__(self, journal: Journal, order: Message, fallback: Callable[[], Sender]) -> None:
        self._journal = journal
        self._order = {**order, "folder": str(journal.folder), "path": sys.path}
        self._make_fallback = fallback
        self._fallback: Sender | None = None
        self._replacing = threading.Lock()
        self._pipe = JsonPipe(_BOOT, self._hear)
        self._opened: Opened | None = None
        self._status: str | None = None
        self._failure: Exception | None = None
        self._warned = False

    # -- what is known -------------------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        if self._fallback is not None:
            return self._fallback.opened
        if self._opened is None:
            self._opened = self._journal.opened
        return self._opened

    @property
    def status(self) -> str | None:
        """How the run has ended in MLflow; None as long as it has not."""
        return self._status if self._fallback is None else self._fallback.status

    @property
    def is_failing(self) -> bool:
        """Whether MLflow does not answer at present."""
        if self._fallback is not None:
            return self._fallback.is_failing
        return self._failure is not None or self._journal.is_failing

    @property
    def failure(self) -> Exception | None:
        """What no later try will mend."""
        return self._failure if self._fallback is None else self._fallback.failure

    @property
    def has_warned(self) -> bool:
        """Whether the user was warned that not all could be delivered."""
        return self._warned or (self._fallback is not None and self._fallback.has_warned)

    def pending(self) -> PendingSize:
        """How much waits to be delivered."""
        return PendingSize.in_journal(self._journal, self._journal.delivered)

    # -- what is asked of it -------------------------------------------------------------------

    def start(self) -> None:
        """Start the process."""
        _Started.once = True
        self._pipe.open(self._order)

    def wait_open(self) -> None:
        """Wait for the run to be there, but not longer than a server that hangs may take."""
        if self.opened is None and self._ask("wait_open") is None:
            self._replacement().wait_open()

    def flush(self, limit: float) -> None:
        """Wait until what was put so far is in MLflow, or a failure shows that it will not be."""
        if self._ask("flush", limit) is None:
            self._replacement().flush(limit)

    def nudge(self) -> None:
        """Deliver soon: much has gathered."""
        if self._fallback is not None:
            self._fallback.nudge()
        else:
            self._pipe.say({"do": "nudge"})

    def remember(self, entry: Entry) -> None:
        """Take an entry that the journal could not."""
        told = {"do": "remember", "entry": to_line(entry).decode()}
        if self._fallback is not None or not self._pipe.say(told):
            self._replacement().remember(entry)

    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run, and say whether all is delivered."""
        if self._fallback is not None:
            return self._fallback.finish(limit, progress)
        whole: float = self._order["limit"]
        patience = limit if limit < whole else None
        try:
            answer = self._pipe.ask("finish", whole, patience, progress)
        except TimeoutError:
            self.continues_after_exit = patience is not None
            answer = {"delivered": False}
        if not self.continues_after_exit:
            self._pipe.close()
        if answer is None:
            return self._replacement().finish(limit, progress)
        delivered = bool(answer["delivered"])
        if delivered:  # this process still has the lock, which Windows removes with it only
            self._journal.discard()
        return delivered

    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""
        if self._fallback is not None:
            self._fallback.abandon()
        else:
            self._pipe.say({"do": "abandon"})
        self._pipe.close()

    def check(self) -> None:
        """Raise what has failed, if that was chosen."""
        if self._failure is not None:
            raise self._failure
        if self._fallback is not None:
            self._fallback.check()

    def ignore_failure(self) -> None:
        """Deliver the rest in spite of a failure that :meth:`check` will raise."""
        if self._fallback is not None:
            self._fallback.ignore_failure()
        else:
            self._pipe.say({"do": "forgive"})

    # -- speaking with the process -------------------------------------------------------------

    def _ask(self, what: str, limit: float | None = None) -> Message | None:
        if self._fallback is not None:
            return None
        try:
            return self._pipe.ask(what, limit)
        except TimeoutError:  # it is stuck: the journal has it all
            return {}

    def _hear(self, words: Message) -> None:
        if "message" in words:
            record = logging.makeLogRecord(words["message"])
            target = logging.getLogger(record.name)
            if target.isEnabledFor(record.levelno):
                target.handle(record)
        if "warned" in words:
            self._warned = bool(words["warned"])
        if words.get("opened"):  # the journal is removed once all is delivered
            self._opened = Opened(**words["opened"])
        if "failure" in words:
            kind = ConfigError if words["is_config"] else MLflowOnKedroError
            self._failure = self._failure or kind(words["failure"])
        if "status" in words:
            self._status = words["status"]

    def _replacement(self) -> Sender:
        """What delivers now that the process is lost."""
        with self._replacing:
            if self._fallback is None:
                logger.debug("The process that delivers to MLflow is lost; a thread goes on.")
                self._fallback = self._make_fallback()
                self._fallback.start()
            return self._fallback
