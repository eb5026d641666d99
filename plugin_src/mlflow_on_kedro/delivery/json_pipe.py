"""A child process that receives requests and sends messages: one JSON object a line."""

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
from typing import IO, Any

logger = logging.getLogger(__name__)

Message = dict[str, Any]
GRACE_SECONDS = 2.0
"""How long to wait for an answer beyond its limit, and for the process to end."""
POLL_SECONDS = 1.0


class JsonPipe:
    """A process that receives messages on its standard input and sends others to its output.

    A request has the keys ``do``, ``number`` and ``limit``, and its answer has the same ``number``.
    When its input ends, this process has ended or has closed the pipe.

    Args:
        code: Python code for the process.
        on_message: Called in a thread with each message from the process, answers included.
    """

    def __init__(self, code: str, on_message: Callable[[Message], None]) -> None:
        self._code, self.on_message = code, on_message
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._requests = 0
        self._answers: dict[int, Message] = {}
        self._lost = False

    @property
    def pid(self) -> int | None:
        """The process's id; None if it was not started."""
        return self._process.pid if self._process is not None else None

    def open(self, first: Message) -> None:
        """Start the process and send the first message."""
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=flags,
                start_new_session=True,  # only this process reacts to Ctrl-C or a closed terminal
            )
        except OSError as error:
            logger.debug("No other process could be started: %s", error)
            self._lose()
            return
        _pipes.add(self)
        self.send(first)
        threading.Thread(
            target=self._listen,
            args=(self._process.stdout,),
            name="mlflow_on_kedro answers",
            daemon=True,
        ).start()

    def send(self, message: Message) -> bool:
        """Send a message; return False if the process has ended."""
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            with self._writing:
                process.stdin.write(json.dumps(message).encode() + b"\n")
                process.stdin.flush()
        except (OSError, ValueError):  # it has ended, or the pipe is closed
            return False
        return True

    def request(
        self,
        what: str,
        limit: float | None = None,
        patience: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Message | None:
        """Send a request and wait for its answer.

        Args:
            what: What to do.
            limit: How many seconds the process may take.
            patience: How many seconds to wait. Default: a little longer than the limit.
            progress: Called about once a second, with the seconds that have passed.

        Returns:
            The answer; None if the process has ended.

        Raises:
            TimeoutError: No answer came in time.
        """
        if patience is None and limit is not None:
            patience = limit + GRACE_SECONDS
        with self._changed:
            self._requests += 1
            number = self._requests
        if not self.send({"do": what, "number": number, "limit": limit}):
            self._lose()
            return None
        begin = time.monotonic()
        passed = 0.0
        while True:
            left = POLL_SECONDS if patience is None else min(POLL_SECONDS, patience - passed)
            with self._changed:
                self._changed.wait_for(lambda: number in self._answers or self._lost, left)
                answer = self._answers.pop(number, None)
                if answer is not None or self._lost:
                    return answer
            passed = time.monotonic() - begin
            if patience is not None and passed >= patience:
                raise TimeoutError
            if progress is not None:
                progress(passed)

    def close(self) -> None:
        """Close the pipe, so that the process ends; kill it if it does not."""
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

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        if self._process is not None:
            self._process.kill()
        self.close()

    def _listen(self, answers: IO[bytes]) -> None:
        with answers, contextlib.suppress(OSError, ValueError):
            for line in answers:
                message = json.loads(line)
                self.on_message(message)
                if "number" in message:
                    with self._changed:
                        self._answers[message["number"]] = message
                        self._changed.notify_all()
        self._lose()

    def _lose(self) -> None:
        with self._changed:
            self._lost = True
            self._changed.notify_all()

    # -- forks ---------------------------------------------------------------

    def before_fork(self) -> None:
        """Take the locks, so that no other thread holds them in the child."""
        self._writing.acquire()
        self._changed.acquire()

    def after_fork(self) -> None:
        """Release the locks."""
        self._changed.release()
        self._writing.release()

    def in_child(self) -> None:
        """Close the process's input in a forked child, so that it ends with this process."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.close()


_pipes: weakref.WeakSet[JsonPipe] = weakref.WeakSet()
_held: list[JsonPipe] = []


def _before_fork() -> None:
    for pipe in list(_pipes):
        pipe.before_fork()
        _held.append(pipe)


def _after_fork() -> None:
    while _held:
        _held.pop().after_fork()


def _in_child() -> None:
    while _held:
        _held.pop().in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)
