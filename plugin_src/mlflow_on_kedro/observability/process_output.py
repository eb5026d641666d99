"""What a process logs with Python's logging, and prints, while a pipeline runs.

A handler of the root logger takes the records, and ``sys.stdout`` and ``sys.stderr`` are replaced
by streams that print as before and pass the lines on. What a handler of logging prints is passed on
as its record, once: the console may break, shorten or colour it.

What other programs and libraries in C print is not taken: they write past Python's streams.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from ..utils.secrets import mask_secrets
from .printed_lines import PrintedLines

Take = Callable[[str], None]
"""Takes a message: its time, the process, the level or stream, and its text, in whole lines."""

LINE_BYTES = 100_000
"""A longer line is cut."""
_SEEN = "_is_in_log_of_mlflow_on_kedro"
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_LOGGING = {logging.Logger.handle.__code__, logging.Handler.handle.__code__}
_FRAMES = 40
"""How far up the stack a handler of logging is looked for; Rich prints from about 15 below it."""

_formatter = logging.Formatter()


class _State:
    """Who takes the output of this process, by the ids of their runs."""

    takers: ClassVar[dict[str, Take]] = {}


class _ThreadState(threading.local):
    taken = 0
    """How often something was taken from this thread."""


_thread_state = _ThreadState()


class _Handler(logging.Handler):
    """Passes records on."""

    def emit(self, record: logging.LogRecord) -> None:
        _take_record(record)


class CopiedStream:
    """A stream of this process that prints as before, and passes whole lines on.

    Args:
        stream: The stream.
        name: ``stdout`` or ``stderr``.
    """

    def __init__(self, stream: Any, name: str) -> None:
        self.stream = stream
        self.lines = PrintedLines(lambda line: _pass_on(time.time(), name, line))

    def __getattr__(self, name: str) -> Any:
        if name == "stream":  # of a copy that is not made yet
            raise AttributeError(name)
        return getattr(self.stream, name)

    def write(self, text: str) -> Any:
        """Print a text."""
        taken = _thread_state.taken
        written = self.stream.write(text)
        # It may have been taken below: somebody has put a stream of their own before such a copy,
        # or one that logs what is printed, and that was copied in turn.
        if _State.takers and text and _thread_state.taken == taken:
            with contextlib.suppress(Exception):  # no trouble of the log fails a `print`
                self._take(text)
        return written

    def writelines(self, lines: Any) -> None:
        """Print texts."""
        for line in lines:
            self.write(line)

    def _take(self, text: str) -> None:
        record = _record_being_handled()
        if record is not None:
            _take_record(record)
            return
        _thread_state.taken += 1
        self.lines.add(text)


_handler = _Handler()


def begin(run_id: str, take: Take) -> None:
    """Have the output of this process passed on, until :func:`end`; a second call changes nothing.

    Args:
        run_id: What identifies the run.
        take: Called with each message, in any thread.
    """
    _State.takers = {run_id: take, **_State.takers}
    ensure()


def ensure() -> None:
    """Take the output again if somebody has configured logging, or replaced a stream, meanwhile."""
    root = logging.getLogger()
    if _State.takers and _handler not in root.handlers:
        root.addHandler(_handler)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if _State.takers and stream is not None and not isinstance(stream, CopiedStream):
            setattr(sys, name, CopiedStream(stream, name))


def end(run_id: str) -> None:
    """Undo :func:`begin`; with the last run, streams and logging are as they were before."""
    flush()
    _State.takers = {name: take for name, take in _State.takers.items() if name != run_id}
    if _State.takers:
        return
    logging.getLogger().removeHandler(_handler)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, CopiedStream):
            setattr(sys, name, stream.stream)


def flush(thread: int | None = None) -> None:
    """Pass on lines that have no end yet.

    Args:
        thread: The thread that has printed them. Default: all.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, CopiedStream):
            stream.lines.flush(thread)


def _record_being_handled() -> logging.LogRecord | None:
    """Return the record because of which this thread prints; None if it is no handler's print."""
    frame = inspect.currentframe()
    for _ in range(_FRAMES):
        if frame is None:
            return None
        if frame.f_code in _LOGGING:
            record = frame.f_locals.get("record")
            return record if isinstance(record, logging.LogRecord) else None
        frame = frame.f_back
    return None


def _take_record(record: logging.LogRecord) -> None:
    _thread_state.taken += 1
    if not _State.takers or getattr(record, _SEEN, False):
        return
    setattr(record, _SEEN, True)
    try:
        text = _formatter.format(record)
    except Exception:  # its arguments do not fit its text: logging itself prints that
        text = str(record.msg)
    if getattr(record, "markup", False):
        text = _without_markup(text)
    _pass_on(record.created, f"{record.levelname:<8} {record.name}:", text)


def _without_markup(text: str) -> str:
    if "rich.markup" not in sys.modules:
        return text
    from rich.errors import MarkupError
    from rich.markup import render

    try:
        return render(text).plain
    except MarkupError:
        return text


def _pass_on(moment: float, what: str, text: str) -> None:
    text = mask_secrets(_ESCAPES.sub("", text))
    if len(text) > LINE_BYTES:
        text = f"{text[:LINE_BYTES]} [... {len(text) - LINE_BYTES:,} more characters]"
    message = line(moment, what, text)
    for take in _State.takers.values():
        take(message)


def line(moment: float, what: str, text: str) -> str:
    """Return a message as the log has it.

    Args:
        moment: Seconds since the epoch.
        what: Its level and logger, or the stream.
        text: Its text.
    """
    # In local time, as on the console.
    date = datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]  # noqa: DTZ006
    return f"{date} {os.getpid()} {what:<8} {text}\n"
