"""Run independent calls in several threads at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

THREADS = 8
"""The number of requests to a server at once; for local files one thread is best."""


def overlap(calls: Sequence[Callable[[], None]], threads: int) -> list[Exception | None]:
    """Run calls, several at once.

    The threads are daemons: unlike with :mod:`concurrent.futures`, a process that ends does not
    wait for a server that hangs.

    Args:
        calls: The calls.
        threads: How many calls run at once.

    Returns:
        For each call the exception that it has raised, or None.
    """
    failures: list[Exception | None] = [None] * len(calls)
    numbers = iter(range(len(calls)))
    lock = threading.Lock()

    def work() -> None:
        for number in _shared(numbers, lock):
            try:
                calls[number]()
            except Exception as error:
                failures[number] = error

    helpers = [
        threading.Thread(target=work, name="mlflow_on_kedro request", daemon=True)
        for _ in range(min(threads, len(calls)) - 1)
    ]
    started = []
    with contextlib.suppress(RuntimeError):  # Python 3.12 refuses while the process ends
        for helper in helpers:
            helper.start()
            started.append(helper)
    work()
    for helper in started:
        helper.join()
    return failures


def _shared(numbers: Iterator[int], lock: threading.Lock) -> Iterator[int]:
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            return
        yield number
