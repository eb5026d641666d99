"""A small pool: calls that do not depend on each other, several at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

THREADS = 8
"""Requests at once to a server; a local file is written by one thread."""


def overlap(calls: Sequence[Callable[[], None]], threads: int) -> list[Exception | None]:
    """Run calls, some of them at once.

    The threads are daemons: a process that wants to end does not wait for a server that hangs, as
    it would for those of :mod:`concurrent.futures`.

    Args:
        calls: What to run.
        threads: How many at once.

    Returns:
        What each call has raised; None where it has not.
    """
    failures: list[Exception | None] = [None] * len(calls)
    places = iter(range(len(calls)))
    lock = threading.Lock()

    def work() -> None:
        for place in _shared(places, lock):
            try:
                calls[place]()
            except Exception as error:
                failures[place] = error

    helpers = [
        threading.Thread(target=work, name="mlflow_on_kedro request", daemon=True)
        for _ in range(min(threads, len(calls)) - 1)
    ]
    started = []
    with contextlib.suppress(RuntimeError):  # Python 3.12 starts none when the process ends
        for helper in helpers:
            helper.start()
            started.append(helper)
    work()
    for helper in started:
        helper.join()
    return failures


def _shared(places: Iterator[int], lock: threading.Lock) -> Iterator[int]:
    while True:
        with lock:
            place = next(places, None)
        if place is None:
            return
        yield place
