"""The process that delivers a run: started by :mod:`mlflow_on_kedro.delivery.sender_process`.

It reads commands from its standard input, one JSON object a line, and writes answers, messages for
the log and failures to its standard output. When its input ends without a word, the pipeline's
process is dead: it delivers what is there and ends the run as KILLED.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, TypedDict

from ..errors import ConfigError, MLflowOnKedroError
from ..journal.entry_lines import from_line
from ..journal.folder import Journal
from ..tracking import request_headers
from ..tracking.failures import reason
from ..utils import environment
from . import backlog, lean_import
from .connection import Connection
from .journal_delivery import deliver_resumed
from .run_delivery import RunDelivery
from .sender_thread import SenderThread

_OWN_LOGGERS = __package__.partition(".")[0] + "."
HOLD_SECONDS = 5.0
"""How long the lock of a process that has died may take to vanish."""


class SenderConfig(TypedDict):
    """What the process is told first.

    Attributes:
        path: ``sys.path`` of the pipeline's process.
        folder: The run's journal.
        uri: The tracking URI, with credentials.
        root: The project's root.
        timeout: ``tracking.timeout``.
        limit: ``tracking.wait_at_end``.
        raising: Whether ``tracking.on_failure`` is ``raise``.
        headers: ``tracking.request_headers``.
        lean: Whether MLflow is imported without what delivery hardly ever needs.
    """

    path: list[str]
    folder: str
    uri: str
    root: str
    timeout: float
    limit: float
    raising: bool
    headers: dict[str, Any]
    lean: bool


def main(order: SenderConfig) -> None:
    """Deliver a run; returns never."""
    speaker = _Speaker()
    logging.basicConfig(level=logging.INFO, handlers=[speaker], force=True)
    try:
        _Service(order, speaker).serve(sys.stdin.buffer)
    except BaseException as error:
        logging.getLogger(__name__).info("The process that delivers failed: %s", reason(error))
        os._exit(1)
    os._exit(0)  # nothing is left to do, and Python's own end takes a while after so many imports


class _Speaker(logging.Handler):
    """Says things to the pipeline's process; as a logging handler, what is logged here."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._output: IO[bytes] = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what MLflow prints is no answer

    def say(self, **words: Any) -> None:
        with self.lock or contextlib.nullcontext(), contextlib.suppress(OSError):  # it is dead
            self._output.write(json.dumps(words).encode() + b"\n")
            self._output.flush()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING or record.name.startswith(_OWN_LOGGERS):
            self.say(
                message={
                    "name": record.name,
                    "levelno": record.levelno,
                    "levelname": record.levelname,
                    "msg": record.getMessage(),
                    "pathname": record.pathname,
                    "filename": record.filename,
                    "lineno": record.lineno,
                    "funcName": record.funcName,
                    "created": record.created,
                }
            )


class _Service:
    def __init__(self, order: SenderConfig, speaker: _Speaker) -> None:
        self._speaker = speaker
        self._limit = order["limit"]
        self._journal = Journal(Path(order["folder"]))
        self._journal.hold_sender()
        self._ended = threading.Event()
        request_headers.use(order["headers"])
        environment.leave_retries_to_delivery(order["timeout"])
        root, uri, header = Path(order["root"]), order["uri"], self._journal.header
        self._sender = SenderThread(
            RunDelivery(
                header,
                Connection(uri),
                root,
                self._journal,
                raising=order["raising"],
                before_open=deliver_resumed,
            ),
            timeout=order["timeout"],
            kept_in=str(self._journal.folder),
            raising=order["raising"],
            backlog=backlog.deliver_backlog(root, uri, skip=header.journal),
            on_failure=self._tell_failure,
        )
        self._uri, self._lean = uri, order["lean"]

    def serve(self, commands: IO[bytes]) -> None:
        """Do what is asked until the pipeline's process is done or dead."""
        threading.Thread(target=self._deliver, daemon=True).start()
        for line in commands:
            words = json.loads(line)
            do = words.pop("do")
            if do in {"wait_open", "flush", "finish"}:
                # The end must not wait for a flush that waits for a server.
                threading.Thread(target=self._answer, args=(do, words), daemon=True).start()
            elif do == "nudge":
                self._sender.nudge()
            elif do == "remember":
                self._sender.remember(from_line(words["entry"].encode()))
            elif do == "forgive":
                self._sender.ignore_failure()
            elif do == "abandon":
                self._sender.abandon()
                return
        if not self._ended.is_set():
            self._take_over()

    def _deliver(self) -> None:
        lean_import.open_store(self._uri, lean=self._lean)
        mlflow = logging.getLogger("mlflow")
        if not mlflow.propagate:  # as MLflow sets it up; what it warns of must reach the user
            mlflow.addHandler(self._speaker)
        gc.freeze()
        gc.enable()
        self._sender.start()

    def _answer(self, do: str, words: dict[str, Any]) -> None:
        answer: dict[str, Any] = {}
        if do == "wait_open":
            self._sender.wait_open()
        elif do == "flush":
            self._sender.flush(words["limit"])
        else:
            answer["delivered"] = self._sender.finish(words["limit"], self._tell_progress)
            self._ended.set()
        opened = self._sender.opened
        self._speaker.say(
            number=words["number"],
            opened=asdict(opened) if opened is not None else None,
            warned=self._sender.has_warned,
            status=self._sender.status,
            **answer,
        )

    def _tell_progress(self, _: float) -> None:
        self._speaker.say(status=self._sender.status)

    def _tell_failure(self) -> None:
        try:
            self._sender.check()
        except MLflowOnKedroError as error:
            self._speaker.say(failure=error.message, is_config=isinstance(error, ConfigError))

    def _take_over(self) -> None:
        """Deliver and end a run whose process is dead."""
        self._journal.note_alive()  # it has been until now
        deadline = time.monotonic() + HOLD_SECONDS
        while True:
            try:
                self._journal.hold()
            except BlockingIOError:  # the dead process's lock, or another process delivers it
                if time.monotonic() > deadline:
                    return
                time.sleep(0.1)
            else:
                break
        if self._journal.exists():
            self._sender.finish(self._limit, self._tell_progress)
