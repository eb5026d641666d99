"""Delivery in a process of its own, so that the pipeline's process need not import MLflow.

It works on the other processor while nodes run, and outlives a pipeline that is killed. What the
two processes say to each other is one JSON object a line, on the standard input and output of the
one that delivers: see :mod:`mlflow_on_kedro.courier_main`. All else is in the journal.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import PurePath
from typing import IO, Any

from . import import_watch
from .deliverer import Deliverer
from .entries import Entry, to_line
from .errors import ConfigError, MLflowOnKedroError
from .journal import Journal, Opened
from .parcel import Left

logger = logging.getLogger(__name__)

GRACE_SECONDS = 2.0
"""How much later than its limit an answer of the other process may come."""
POLL_SECONDS = 1.0

# Passes of the garbage collector over all that is imported take a third of the whole time, so it is
# off until that is done. The order comes on standard input, because others can see a process's
# arguments and environment.
_BOOT = (
    "import gc, json, sys; gc.disable(); order = json.loads(sys.stdin.buffer.readline()); "
    "sys.path[:] = order['path']; from mlflow_on_kedro.courier_main import main; main(order)"
)


def is_worth_it() -> bool:
    """Whether a process of its own saves time, and can be had.

    Where MLflow is imported already, as in a notebook or by a node's module, a thread has nothing
    to wait for. A service that runs many pipelines imports it once, with its second run, instead
    of having a process for each.
    """
    program = PurePath(sys.executable or "").name.lower()
    is_python = program.startswith(("python", "pypy")) and not getattr(sys, "frozen", False)
    return is_python and not import_watch.is_imported() and not _processes.any


class CourierProcess(Deliverer):
    """A process that delivers a run's entries; should it be lost, a thread goes on.

    Args:
        journal: The run's journal.
        order: What the process is told first, beside the journal: see
            :class:`mlflow_on_kedro.courier_main.Order`.
        stand_in: Makes a deliverer for this process.
    """

    def __init__(
        self, journal: Journal, order: dict[str, Any], stand_in: Callable[[], Deliverer]
    ) -> None:
        self._journal = journal
        self._order = {**order, "folder": str(journal.folder), "path": sys.path}
        self._make_stand_in = stand_in
        self._stand_in: Deliverer | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._asked = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._lost = False
        self._opened: Opened | None = None
        self._status: str | None = None
        self._failure: Exception | None = None
        self._warned = False

    # -- what is known -------------------------------------------------------------------------

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""
        if self._stand_in is not None:
            return self._stand_in.opened
        if self._opened is None:
            self._opened = self._journal.opened
        return self._opened

    @property
    def status(self) -> str | None:
        """How the run has ended in MLflow; None as long as it has not."""
        return self._status if self._stand_in is None else self._stand_in.status

    @property
    def failing(self) -> bool:
        """Whether MLflow does not answer at present."""
        if self._stand_in is not None:
            return self._stand_in.failing
        return self._failure is not None or self._journal.is_failing

    @property
    def failure(self) -> Exception | None:
        """What no later try will mend."""
        return self._failure if self._stand_in is None else self._stand_in.failure

    @property
    def warned(self) -> bool:
        """Whether the user was told that MLflow does not answer."""
        return self._warned or (self._stand_in is not None and self._stand_in.warned)

    def left(self) -> Left:
        """How much waits to be delivered."""
        return Left.in_journal(self._journal, self._journal.delivered)

    # -- what is asked of it -------------------------------------------------------------------

    def start(self) -> None:
        """Start the process."""
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=flags,
                start_new_session=True,  # Ctrl-C and a closed terminal are the pipeline's business
            )
        except OSError as error:
            logger.debug("No process for the delivery could be started: %s", error)
            self._lose()
            return
        _processes.any = True
        _processes.here.add(self)
        self._say(self._order)
        threading.Thread(
            target=self._listen,
            args=(self._process.stdout,),
            name="mlflow_on_kedro answers",
            daemon=True,
        ).start()

    def wait_open(self) -> None:
        """Wait for the run to be there, but not longer than a server that hangs may take."""
        if self.opened is None and self._ask("wait_open") is None:
            self._replaced().wait_open()

    def flush(self, limit: float) -> None:
        """Wait until what was put so far is in MLflow, or a failure shows that it will not be."""
        if self._ask("flush", limit) is None:
            self._replaced().flush(limit)

    def nudge(self) -> None:
        """Deliver soon: much has gathered."""
        if self._stand_in is not None:
            self._stand_in.nudge()
        else:
            self._say({"do": "nudge"})

    def remember(self, entry: Entry) -> None:
        """Take an entry that the journal could not."""
        if self._stand_in is not None or not self._say(
            {"do": "remember", "entry": to_line(entry).decode()}
        ):
            self._replaced().remember(entry)

    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run, and say whether all is delivered."""
        answer = self._ask("finish", limit, progress)
        self._leave()
        if answer is None:
            return self._replaced().finish(limit, progress)
        delivered = bool(answer["delivered"])
        if delivered:  # this process still has the lock, which Windows removes with it only
            self._journal.discard()
        return delivered

    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""
        if self._stand_in is not None:
            self._stand_in.abandon()
        else:
            self._say({"do": "abandon"})
        self._leave()

    def check(self) -> None:
        """Raise what has failed, if that was chosen."""
        if self._failure is not None:
            raise self._failure
        if self._stand_in is not None:
            self._stand_in.check()

    def forgive(self) -> None:
        """Deliver the rest in spite of a failure that :meth:`check` will raise."""
        if self._stand_in is not None:
            self._stand_in.forgive()
        else:
            self._say({"do": "forgive"})

    # -- speaking with the process -------------------------------------------------------------

    def _say(self, words: dict[str, Any]) -> bool:
        """Tell the process something; False if it is lost."""
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            with self._writing:
                process.stdin.write(json.dumps(words).encode() + b"\n")
                process.stdin.flush()
        except (OSError, ValueError):  # it is gone, or was left
            return False
        return True

    def _ask(
        self, what: str, limit: float | None = None, progress: Callable[[float], None] | None = None
    ) -> dict[str, Any] | None:
        """Ask the process something and wait for its answer; None if it is lost."""
        if self._stand_in is not None:
            return None
        with self._changed:
            self._asked += 1
            number = self._asked
        if not self._say({"do": what, "number": number, "limit": limit}):
            self._lose()
            return None
        begin = time.monotonic()
        deadline = None if limit is None else begin + limit + GRACE_SECONDS
        while True:
            with self._changed:
                self._changed.wait_for(lambda: number in self._answers or self._lost, POLL_SECONDS)
                answer = self._answers.pop(number, None)
                if answer is not None or self._lost:
                    return answer
            now = time.monotonic()
            if deadline is not None and now >= deadline:  # it is stuck: the journal has it all
                return {"delivered": False}
            if progress is not None:
                progress(now - begin)

    def _listen(self, answers: IO[bytes]) -> None:
        with answers, contextlib.suppress(OSError, ValueError):
            for line in answers:
                self._hear(json.loads(line))
        self._lose()

    def _hear(self, words: dict[str, Any]) -> None:
        if "message" in words:
            logging.getLogger(words["logger"]).log(words["level"], "%s", words["message"])
        if "warned" in words:
            self._warned = bool(words["warned"])
        if words.get("opened"):  # the journal is removed once all is delivered
            self._opened = Opened(**words["opened"])
        if "failure" in words:
            kind = ConfigError if words["is_config"] else MLflowOnKedroError
            self._failure = self._failure or kind(words["failure"])
        if "status" in words:
            self._status = words["status"]
        if "number" in words:
            with self._changed:
                self._answers[words["number"]] = words
                self._changed.notify_all()

    def _lose(self) -> None:
        with self._changed:
            self._lost = True
            self._changed.notify_all()

    def _replaced(self) -> Deliverer:
        """What delivers now that the process is lost."""
        with self._changed:
            if self._stand_in is None:
                logger.debug("The process that delivers to MLflow is lost; a thread goes on.")
                self._stand_in = self._make_stand_in()
                self._stand_in.start()
            return self._stand_in

    def _leave(self) -> None:
        """Let the process end, and end it if it does not."""
        process = self._process
        if process is None:
            return
        with self._writing, contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # -- what a fork must not copy ---------------------------------------------------------------

    def _before_fork(self) -> None:
        self._writing.acquire()
        self._changed.acquire()

    def _after_fork(self) -> None:
        self._changed.release()
        self._writing.release()

    def _in_child(self) -> None:
        # The end of its input tells the other process that this one is dead, so no child may keep
        # it open.
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.close()


class _Processes:
    """The processes that this one has started."""

    def __init__(self) -> None:
        self.any = False
        self.here: weakref.WeakSet[CourierProcess] = weakref.WeakSet()
        self.held: list[CourierProcess] = []


_processes = _Processes()


def _before_fork() -> None:
    for process in list(_processes.here):
        process._before_fork()  # noqa: SLF001 - of this module
        _processes.held.append(process)


def _after_fork() -> None:
    while _processes.held:
        _processes.held.pop()._after_fork()  # noqa: SLF001 - as above


def _in_child() -> None:
    for process in _processes.held:
        process._in_child()  # noqa: SLF001 - as above
    _processes.held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
