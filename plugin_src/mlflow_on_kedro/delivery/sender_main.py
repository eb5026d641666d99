"""The process that delivers a run: see :mod:`mlflow_on_kedro.delivery.sender_process`.

Messages are JSON objects, one a line. Its standard input has first what
:mod:`mlflow_on_kedro.delivery.early_start` sends, then, when the run is known, a
:class:`SenderConfig`, and then requests, ``{"do": ...}``: ``wait_open``, ``flush``,
``flush_values`` and ``finish`` are answered; ``nudge``, ``remember``, ``ignore_failure`` and
``abandon`` are not. Its standard output has answers (with the ``number`` of the request), log
records (``record``), failures (``failure``) and the ``event`` that MLflow has the run. If its input
ends before ``finish`` or ``abandon``, the pipeline's process was killed: it looks for changed files
of ``artifacts.every``, delivers what is there and ends the run as KILLED.
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
from ..journal.records import Opened
from ..tracking import request_headers
from ..tracking.failures import reason
from ..utils import client_variables
from . import backlog, last_look, lean_import
from .connection import Connection
from .journal_delivery import deliver_resumed
from .run_delivery import RunDelivery
from .sender_thread import SenderThread

_OWN_LOGGERS = __package__.partition(".")[0] + "."
HOLD_SECONDS = 5.0
"""How long to wait for the lock of a process that was killed."""


class SenderConfig(TypedDict):
    """The message with which a run begins.

    Attributes:
        path: ``sys.path`` of the pipeline's process.
        variables: Environment variables that have changed since this process was started; None:
            removed.
        folder: The run's journal.
        uri: The tracking URI, with credentials.
        root: The project's root.
        timeout: ``tracking.timeout``.
        limit: For how many seconds the rest is delivered at the end of the run.
        background: Whether the pipeline's process does not wait for that
            (``tracking.wait_at_end: 0``).
        raising: Whether ``tracking.on_failure`` is ``raise``.
        headers: ``tracking.request_headers``.
    """

    path: list[str]
    variables: dict[str, str | None]
    folder: str
    uri: str
    root: str
    timeout: float
    limit: float
    background: bool
    raising: bool
    headers: dict[str, Any]


def main() -> None:
    """Import MLflow, deliver a run, and exit."""
    output = _Output()
    logging.basicConfig(level=logging.INFO, handlers=[output], force=True)
    try:
        lean_import.import_mlflow()
        line = sys.stdin.buffer.readline()
        if line:  # otherwise there is no run, and the pipeline's process has ended
            config: SenderConfig = json.loads(line)
            sys.path[:] = config["path"]
            for name, value in config["variables"].items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            _Service(config, output).serve(sys.stdin.buffer)
    except BaseException as error:
        logging.getLogger(__name__).info("The process that delivers failed: %s", reason(error))
        os._exit(1)
    os._exit(0)  # without Python's cleanup, which takes a while after so many imports


class _Output(logging.Handler):
    """Sends messages to the pipeline's process, log records among them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._output: IO[bytes] = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what MLflow prints must not go into the pipe

    def send(self, **message: Any) -> None:
        # The pipeline's process may have been killed.
        with self.lock or contextlib.nullcontext(), contextlib.suppress(OSError):
            self._output.write(json.dumps(message).encode() + b"\n")
            self._output.flush()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING or record.name.startswith(_OWN_LOGGERS):
            self.send(
                record={
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
    def __init__(self, config: SenderConfig, output: _Output) -> None:
        self._pipe = output
        self._limit = config["limit"]
        self._journal = Journal(Path(config["folder"]))
        self._journal.hold_sender()
        self._ended = threading.Event()
        request_headers.use(config["headers"])
        client_variables.disable_retries(config["timeout"])
        self._root = root = Path(config["root"])
        uri, header = config["uri"], self._journal.header
        self._sender = SenderThread(
            RunDelivery(
                header,
                Connection(uri),
                root,
                self._journal,
                raising=config["raising"],
                before_open=deliver_resumed,
                on_opened=self._send_opened,
            ),
            timeout=config["timeout"],
            kept_in=str(self._journal.folder),
            raising=config["raising"],
            background=config["background"],
            backlog=backlog.deliver_backlog(root, uri, skip=header.journal),
            on_failure=self._send_failure,
        )
        self._uri = uri

    def serve(self, commands: IO[bytes]) -> None:
        """Handle requests until the pipeline's process has finished or ended."""
        threading.Thread(target=self._deliver, daemon=True).start()
        for line in commands:
            message = json.loads(line)
            do = message.pop("do")
            if do in {"wait_open", "flush", "flush_values", "finish"}:
                # In a thread: `finish` must not wait for a `flush` that waits for a server.
                threading.Thread(target=self._answer, args=(do, message), daemon=True).start()
            elif do == "nudge":
                self._sender.nudge()
            elif do == "remember":
                self._sender.remember(from_line(message["entry"].encode()))
            elif do == "ignore_failure":
                self._sender.ignore_failure()
            elif do == "abandon":
                self._sender.abandon()
                return
        if not self._ended.is_set():
            self._take_over()

    def _deliver(self) -> None:
        lean_import.open_store(self._uri)
        mlflow = logging.getLogger("mlflow")
        if not mlflow.propagate:  # as MLflow configures it, but the user must see its warnings
            mlflow.addHandler(self._pipe)
        gc.freeze()
        gc.enable()
        self._sender.start()

    def _answer(self, do: str, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {}
        if do == "wait_open":
            self._sender.wait_open()
        elif do in {"flush", "flush_values"}:
            self._sender.flush(message["limit"], values_only=do == "flush_values")
        else:
            answer["delivered"] = self._sender.finish(message["limit"], self._send_progress)
            self._ended.set()
        opened = self._sender.opened
        self._pipe.send(
            number=message["number"],
            opened=asdict(opened) if opened is not None else None,
            has_warned=self._sender.has_warned,
            status=self._sender.status,
            **answer,
        )

    def _send_progress(self, _: float) -> None:
        self._pipe.send(status=self._sender.status)

    def _send_opened(self, opened: Opened) -> None:
        self._pipe.send(event="opened", opened=asdict(opened))

    def _send_failure(self) -> None:
        try:
            self._sender.check()
        except MLflowOnKedroError as error:
            self._pipe.send(failure=error.message, is_config=isinstance(error, ConfigError))

    def _take_over(self) -> None:
        """Deliver and end a run whose process was killed."""
        self._journal.note_alive()  # it was running until now
        killed_ns = self._journal.last_alive_ms() * 1_000_000
        deadline = time.monotonic() + HOLD_SECONDS
        while True:
            try:
                self._journal.hold()
            except BlockingIOError:  # the killed process's lock, or another process delivers it
                if time.monotonic() > deadline:
                    return
                time.sleep(0.1)
            else:
                break
        if self._journal.exists():
            last_look.log_changed(self._journal, self._root, killed_ns)
            self._sender.finish(self._limit, self._send_progress)
