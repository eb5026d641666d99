"""Another Python process, and speaking with it: one JSON object a line each way."""

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
"""How much later than its limit an answer may come, and how long the process's end may take."""
POLL_SECONDS = 1.0


class JsonPipe:
    """A process that is asked things, and says things unasked.

    It hears each question as an object with ``do``, ``number`` and ``limit``, and answers with one
    that has the same ``number``. The end of its input tells it that nobody asks any more.

    Args:
        code: Python code for the process.
        hear: Called in a thread with all that the process says.
    """

    def __init__(self, code: str, hear: Callable[[Message], None]) -> None:
        self._code, self._hear = code, hear
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._asked = 0
        self._answers: dict[int, Message] = {}
        self._lost = False

    @property
    def pid(self) -> int | None:
        """The process's id; None: there is none."""
        return self._process.pid if self._process is not None else None

    def open(self, first: Message) -> None:
        """Start the process and tell it the first thing; one that can't be started is lost."""
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
                start_new_session=True,  # Ctrl-C and a closed terminal are this process's business
            )
        except OSError as error:
            logger.debug("No other process could be started: %s", error)
            self._lose()
            return
        _pipes.add(self)
        self.say(first)
        threading.Thread(
            target=self._listen,
            args=(self._process.stdout,),
            name="mlflow_on_kedro answers",
            daemon=True,
        ).start()

    def say(self, words: Message) -> bool:
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

    def ask(
        self,
        what: str,
        limit: float | None = None,
        patience: float | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Message | None:
        """Ask the process something and wait for its answer.

        Args:
            what: The question.
            limit: How many seconds it may take, which the process is told.
            patience: How many seconds to wait, if not as long as that.
            progress: Called about once a second, with the seconds that have passed.

        Returns:
            The answer; None if the process is lost.

        Raises:
            TimeoutError: There is none in time.
        """
        if patience is None and limit is not None:
            patience = limit + GRACE_SECONDS
        with self._changed:
            self._asked += 1
            number = self._asked
        if not self.say({"do": what, "number": number, "limit": limit}):
            self._lose()
            return None
        begin = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: number in self._answers or self._lost, POLL_SECONDS)
                answer = self._answers.pop(number, None)
                if answer is not None or self._lost:
                    return answer
            passed = time.monotonic() - begin
            if patience is not None and passed >= patience:
                raise TimeoutError
            if progress is not None:
                progress(passed)

    def close(self) -> None:
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

    def _listen(self, answers: IO[bytes]) -> None:
        with answers, contextlib.suppress(OSError, ValueError):
            for line in answers:
                words = json.loads(line)
                self._hear(words)
                if "number" in words:
                    with self._changed:
                        self._answers[words["number"]] = words
                        self._changed.notify_all()
        self._lose()

    def _lose(self) -> None:
        with self._changed:
            self._lost = True
            self._changed.notify_all()

    # -- what a fork must not copy ---------------------------------------------------------------

    def before_fork(self) -> None:
        """Have no lock held by another thread."""
        self._writing.acquire()
        self._changed.acquire()

    def after_fork(self) -> None:
        """Go on."""
        self._changed.release()
        self._writing.release()

    def in_child(self) -> None:
        """Close the process's input, whose end must be that of this process, not of its child."""
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
