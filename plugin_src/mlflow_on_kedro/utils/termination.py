"""SIGTERM and SIGHUP: runs are ended before the process ends as it would have ended anyway.

A handler of Python's waits for the main thread, which may be in a long computation of some C
library. So a thread of its own does the work, woken by the file descriptor into which Python's C
handler writes at once; then it lets the signal do what it does by default. Where the user, or a
server that Kedro runs in, has a handler already, that one is left alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Guard:
    """What is installed in this process: Python has one set of handlers, so there is one of it."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Have nothing installed."""
        self.lock = threading.Lock()
        self.endings: list[Callable[[], None]] = []
        self.handled: list[int] = []
        self.pipe: tuple[int, int] | None = None
        self.begun = threading.Lock()


_guard = _Guard()


def before_termination(end: Callable[[], None]) -> None:
    """Call a function when this process is told to terminate, before it does.

    Args:
        end: It is called in a thread of its own, and should take few seconds.
    """
    with _guard.lock:
        _guard.endings.append(end)
        if not _guard.handled and _may_install():
            _install()


def forget(end: Callable[[], None]) -> None:
    """Undo :func:`before_termination`."""
    with _guard.lock:
        if end in _guard.endings:
            _guard.endings.remove(end)
        if not _guard.endings:
            _uninstall()


def _may_install() -> bool:
    # As the first process of a container it would not be terminated by these signals at all.
    return (
        os.name == "posix"
        and threading.current_thread() is threading.main_thread()
        and os.getpid() != 1
    )


def _install() -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _handle)
            _guard.handled.append(number)
    if not _guard.handled:
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if before != -1:  # somebody else's, such as an event loop's
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)
        return
    _guard.pipe = (reading, writing)
    threading.Thread(
        target=_watch, args=(reading,), name="mlflow_on_kedro termination", daemon=True
    ).start()


def _uninstall() -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # the next run, or the end of the process, finds the handlers as they are
    for number in _guard.handled:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_DFL)
    _guard.handled.clear()
    if _guard.pipe is not None:
        current = signal.set_wakeup_fd(-1)
        if current not in {-1, _guard.pipe[1]}:
            signal.set_wakeup_fd(current)
        os.close(_guard.pipe[1])  # the thread reads the end of it
        _guard.pipe = None


def _watch(reading: int) -> None:
    while True:
        received = os.read(reading, 16)
        if not received:
            os.close(reading)
            return
        for number in received:
            if number in _guard.handled:
                _terminate(number)


def _handle(number: int, frame: Any) -> None:  # noqa: ARG001 - as Python calls it
    # Not here: what the main thread holds at this moment would never be released.
    threading.Thread(target=_terminate, args=(number,), daemon=True).start()


def _terminate(number: int) -> None:
    if not _guard.begun.acquire(blocking=False):
        return
    try:
        for end in list(_guard.endings):
            with contextlib.suppress(Exception):  # the others are ended all the same
                end()
    finally:
        _die(number)


def _die(number: int) -> None:
    """Let a signal have its default effect; ``signal.signal`` is for the main thread alone."""
    reset = ctypes.CDLL(None).signal
    reset.argtypes, reset.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    reset(number, None)
    os.kill(os.getpid(), number)


def _in_child() -> None:
    # A worker's signals are its own, and must not reach its parent through the shared pipe.
    if _guard.handled:
        for number in _guard.handled:
            if signal.getsignal(number) is _handle:
                signal.signal(number, signal.SIG_DFL)
    if _guard.pipe is not None:
        signal.set_wakeup_fd(-1)
        for end in _guard.pipe:
            os.close(end)
    _guard.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
