"""Forks while other threads speak to MLflow."""

from __future__ import annotations

import os
import threading
import time

import pytest
from mlflow_on_kedro.delivery import fork_gate
from mlflow_on_kedro.delivery.fork_gate import ForkGate


@pytest.fixture
def gate() -> ForkGate:
    """A gate for calls to a local store."""
    return ForkGate(is_remote=False)


def inside(gate: ForkGate, release: threading.Event) -> threading.Thread:
    """A thread that is inside until it is released."""
    entered = threading.Event()

    def work() -> None:
        with gate.passed():
            entered.set()
            release.wait(30)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert entered.wait(30)
    return thread


def test_who_is_inside_is_waited_for(gate: ForkGate) -> None:
    """A fork waits until nobody is inside."""
    release = threading.Event()
    thread = inside(gate, release)
    closed = threading.Event()

    def close() -> None:
        gate.close()
        closed.set()

    closer = threading.Thread(target=close, daemon=True)
    closer.start()
    assert not closed.wait(0.2)
    release.set()
    assert closed.wait(30)
    gate.open()
    thread.join(30)
    closer.join(30)


def test_nobody_gets_in_meanwhile(gate: ForkGate) -> None:
    """Who comes while a fork is made waits until it is done."""
    gate.close()
    release = threading.Event()
    release.set()
    passed = threading.Event()

    def work() -> None:
        with gate.passed():
            passed.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert not passed.wait(0.2)
    gate.open()
    assert passed.wait(30)
    thread.join(30)


def test_an_error_leaves(gate: ForkGate) -> None:
    """A call that fails is not inside any more."""
    with pytest.raises(ZeroDivisionError), gate.passed():
        raise ZeroDivisionError
    begin = time.monotonic()
    gate.close()
    gate.open()
    assert time.monotonic() - begin < 1


def test_a_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call to a server that hangs holds up a fork for a moment only."""
    monkeypatch.setattr(fork_gate, "SERVER_PATIENCE_SECONDS", 0.2)
    gate = ForkGate(is_remote=True)
    release = threading.Event()
    thread = inside(gate, release)
    begin = time.monotonic()
    gate.close()
    assert 0.15 < time.monotonic() - begin < 5
    gate.open()
    release.set()
    thread.join(30)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork(gate: ForkGate) -> None:
    """A real fork waits for who is inside, and leaves the gate open in the parent."""
    release = threading.Event()
    thread = inside(gate, release)
    threading.Timer(0.3, release.set).start()
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        os._exit(0)
    assert time.monotonic() - begin > 0.25
    os.waitpid(child, 0)
    thread.join(30)
    with gate.passed():
        pass
