"""Delaying forks while other threads call MLflow: a child must not copy locks that they hold."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterator

PATIENCE_SECONDS = 60.0
SERVER_PATIENCE_SECONDS = 0.5
"""Shorter, since a fork need not wait for a server's answer: a child opens its own connections."""


class ForkGate:
    """Blocks forks of this process while a thread imports or calls MLflow.

    Args:
        is_remote: Whether the calls are to a server, which may take long.
    """

    def __init__(self, *, is_remote: bool) -> None:
        self._patience = SERVER_PATIENCE_SECONDS if is_remote else PATIENCE_SECONDS
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False
        _gates.add(self)

    @contextlib.contextmanager
    def passed(self) -> Iterator[None]:
        """Block forks within a ``with`` block; wait first for a fork that has begun."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let no more threads in, and wait for those inside."""
        deadline = time.monotonic() + self._patience
        with self._changed:
            self._closed = True
            while self._inside and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def open(self) -> None:
        """Let threads in again."""
        with self._changed:
            self._closed = False
            self._changed.notify_all()


_gates: weakref.WeakSet[ForkGate] = weakref.WeakSet()
_closed: list[ForkGate] = []


def _before_fork() -> None:
    for gate in list(_gates):
        gate.close()
        _closed.append(gate)


def _after_fork() -> None:
    while _closed:
        _closed.pop().open()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork)
