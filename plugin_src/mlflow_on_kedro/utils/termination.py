"""SIGTERM and SIGHUP: end the runs before the signal ends the process.

A signal handler in Python waits for the main thread, which may be in a long computation of a C
library. So a separate thread does the work, woken by the file descriptor to which Python's C
handler writes at once; then the signal has its default effect. If the user, or a server in which
Kedro runs, has set a handler already, nothing is installed for that signal.
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
    """The handlers and functions of this process; Python has one set of handlers per process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all handlers and functions."""
        self.lock = threading.Lock()
        self.endings: list[Callable[[], None]] = []
        self.handled: list[int] = []
        self.pipe: tuple[int, int] | None = None
        self.begun = threading.Lock()


_guard = _Guard()


def before_termination(end: Callable[[], None]) -> None:
    """Call a function when a signal terminates this process, before it ends.

    Args:
        end: The function, which is called in a separate thread, and should take few seconds.
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
    # The first process of a container is not terminated by these signals at all.
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
    if before != -1:  # another library uses it, such as an event loop
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
        return  # only the main thread can change handlers, so they stay for the next run
    for number in _guard.handled:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_DFL)
    _guard.handled.clear()
    if _guard.pipe is not None:
        current = signal.set_wakeup_fd(-1)
        if current not in {-1, _guard.pipe[1]}:
            signal.set_wakeup_fd(current)
        os.close(_guard.pipe[1])  # so that the thread's `read` returns
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
    # In another thread, because locks that the main thread holds now would never be released.
    threading.Thread(target=_terminate, args=(number,), daemon=True).start()


def _terminate(number: int) -> None:
    if not _guard.begun.acquire(blocking=False):
        return
    try:
        for end in list(_guard.endings):
            with contextlib.suppress(Exception):  # the other runs have to be ended, too
                end()
    finally:
        _die(number)


def _die(number: int) -> None:
    """Let a signal have its default effect, without ``signal.signal``, for the main thread only."""
    reset = ctypes.CDLL(None).signal
    reset.argtypes, reset.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    reset(number, None)
    os.kill(os.getpid(), number)


def _in_child() -> None:
    # A worker's signals must not reach its parent through the shared pipe.
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
