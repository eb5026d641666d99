"""Calls that overlap: each made once, in few threads, and all failures told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from mlflow_on_kedro.utils.overlap import overlap


def fail(number: int) -> None:
    """Fail with a number."""
    raise ValueError(number)


@pytest.mark.parametrize("threads", [1, 3, 100])
def test_failures_in_their_order(threads: int) -> None:
    """Each failure is at the place of its call, and takes no other call with it."""
    done: list[int] = []
    calls: list[Callable[[], None]] = [
        partial(fail, number) if number % 3 == 0 else partial(done.append, number)
        for number in range(20)
    ]
    failures = overlap(calls, threads)
    assert sorted(done) == [number for number in range(20) if number % 3]
    for number, failure in enumerate(failures):
        if number % 3:
            assert failure is None
        else:
            assert isinstance(failure, ValueError)
            assert failure.args == (number,)


def test_nothing() -> None:
    """No calls are no work."""
    assert overlap([], 8) == []


def test_at_once() -> None:
    """As many run at once as were allowed, and no more; the calling thread is one of them."""
    inside = most = 0
    lock = threading.Lock()
    names: set[str] = set()
    full = threading.Barrier(4)

    def call() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
            names.add(threading.current_thread().name)
        full.wait(30)
        with lock:
            inside -= 1

    assert overlap([call] * 12, 4) == [None] * 12
    assert most == 4
    assert threading.current_thread().name in names


def test_one_thread_is_this_one() -> None:
    """With one thread there is no other, and the calls are made in their order."""
    done: list[tuple[int, int]] = []
    overlap([lambda n=n: done.append((n, threading.get_ident())) for n in range(5)], 1)  # type: ignore[misc]
    assert done == [(number, threading.get_ident()) for number in range(5)]


def test_few_calls_few_threads() -> None:
    """No thread is started that has nothing to do."""
    before = threading.active_count()
    counts: list[int] = []
    overlap([lambda: counts.append(threading.active_count())], 8)
    assert counts == [before]


def test_daemons() -> None:
    """A process that ends does not wait for a call that hangs."""
    found: list[bool] = []

    def call() -> None:
        found.append(threading.current_thread().daemon)
        time.sleep(0.05)

    overlap([call] * 4, 4)
    assert found.count(True) == 3, "all but this thread"


def test_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a process, where Python 3.12 starts no thread, this thread does it all."""

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    done: list[int] = []
    assert overlap([partial(done.append, number) for number in range(5)], 4) == [None] * 5
    assert done == list(range(5))
