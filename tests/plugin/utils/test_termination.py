"""SIGTERM and SIGHUP: runs are ended first, whatever the process is doing, then it dies of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from mlflow_on_kedro.utils import termination

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")

PLUGIN = Path(__file__).parents[3] / "plugin_src"
WAIT_SECONDS = 60

START = """
import asyncio, hashlib, os, signal, sys, threading, time
from mlflow_on_kedro.utils import termination

def say(word):
    os.write(1, (word + chr(10)).encode())

def end():
    say("ended")

def ready():
    say("ready")
"""


def start(script: str) -> subprocess.Popen[str]:
    """Start a script, and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", START + textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def run(script: str, *numbers: int) -> tuple[list[str], int]:
    """Run a script, send it signals when it is ready, and return what it says and its status."""
    process = start(script)
    for number in numbers:
        process.send_signal(number)
    try:
        said, _ = process.communicate(timeout=WAIT_SECONDS)
    finally:
        process.kill()
    return said.split(), process.returncode


BUSY = {
    "sleeping": "time.sleep(30)",
    "in C code": "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 100_000_000)",
    "in Python code": "deadline = time.monotonic() + 30\nwhile time.monotonic() < deadline: pass",
    "waiting for a lock": "threading.Event().wait(30)",
    "in an event loop": "asyncio.run(asyncio.sleep(30))",
    "joining a thread": "t = threading.Thread(target=time.sleep, args=(30,)); t.start(); t.join()",
    "exiting": "threading.Thread(target=time.sleep, args=(30,)).start()",
}


@pytest.mark.parametrize("busy", BUSY.values(), ids=BUSY)
def test_whatever_the_main_thread_does(busy: str) -> None:
    """The run is ended at once and the process dies of the signal."""
    # A main thread that is about to exit gets as far as that before the process dies.
    after = "" if busy == BUSY["exiting"] else "say('late')"
    script = f"termination.before_termination(end)\nready()\n{busy}\n{after}"
    assert run(script, signal.SIGTERM) == (["ended"], -signal.SIGTERM)


def test_sighup() -> None:
    """A terminal that closes is such a signal, too."""
    script = "termination.before_termination(end)\nready()\ntime.sleep(30)"
    assert run(script, signal.SIGHUP) == (["ended"], -signal.SIGHUP)


def test_several_signals() -> None:
    """Impatient senders change nothing: the run is ended once."""
    script = """
    def slow():
        say("begun")
        time.sleep(1)
        say("ended")
    termination.before_termination(slow)
    ready()
    time.sleep(30)
    """
    said, status = run(script, signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGTERM)
    assert said == ["begun", "ended"]
    assert status in {-signal.SIGTERM, -signal.SIGHUP}


def test_several_runs() -> None:
    """All runs are ended, also those after one whose end fails."""
    script = """
    def fail():
        say("failed")
        raise RuntimeError("no")
    for function in (fail, end, lambda: say("third")):
        termination.before_termination(function)
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == (["failed", "ended", "third"], -signal.SIGTERM)


def test_own_handler() -> None:
    """A handler of the user's is left alone: it alone is called, and decides what follows."""
    script = """
    signal.signal(signal.SIGTERM, lambda *_: (say("own"), sys.exit(7)))
    termination.before_termination(end)
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == (["own"], 7)


def test_own_handler_of_one() -> None:
    """With an own handler for one signal, the other one still ends the run."""
    script = """
    signal.signal(signal.SIGTERM, lambda *_: say("own"))
    termination.before_termination(end)
    ready()
    time.sleep(30)
    """
    said, status = run(script, signal.SIGTERM, signal.SIGHUP)
    assert said in (["own", "ended"], ["ended"], ["ended", "own"])
    assert status == -signal.SIGHUP


def test_ignored() -> None:
    """A signal that is ignored, as SIGHUP by nohup, stays ignored."""
    script = """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    termination.before_termination(end)
    ready()
    time.sleep(1)
    say("done")
    """
    assert run(script, signal.SIGHUP) == (["done"], 0)


def test_a_handler_that_is_set_later() -> None:
    """A handler that the user sets during a run stays after it."""
    script = """
    termination.before_termination(end)
    signal.signal(signal.SIGTERM, lambda *_: (say("own"), os._exit(7)))
    termination.forget(end)
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == (["own"], 7)


def test_after_the_run() -> None:
    """After the run nothing is left of it: no handler, no file descriptor, no thread."""
    script = """
    before = len(os.listdir("/dev/fd")) if os.path.exists("/dev/fd") else 0
    for _ in range(20):
        termination.before_termination(end)
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        termination.forget(end)
    termination.forget(end)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    deadline = time.monotonic() + 30
    while threading.active_count() > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() == 1
    assert (len(os.listdir("/dev/fd")) if before else 0) == before
    assert signal.set_wakeup_fd(-1) == -1
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == ([], -signal.SIGTERM)


def test_a_run_after_a_run_of_a_thread() -> None:
    """A run that began in another thread does not keep the main thread's from being ended."""
    script = """
    other = threading.Thread(target=termination.before_termination, args=(lambda: say("other"),))
    other.start()
    other.join()
    termination.before_termination(end)
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == (["other", "ended"], -signal.SIGTERM)


def test_the_end_of_a_run_in_a_thread() -> None:
    """A run that another thread ends is not ended again, and the next one is."""
    script = """
    over = lambda: say("over")
    termination.before_termination(over)
    thread = threading.Thread(target=termination.forget, args=(over,))
    thread.start()
    thread.join()
    termination.before_termination(end)
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == (["ended"], -signal.SIGTERM)


def test_somebody_elses_descriptor() -> None:
    """A wake-up descriptor of somebody else's is left alone, and the run is ended all the same."""
    script = """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    termination.before_termination(end)
    assert signal.set_wakeup_fd(writing) == writing
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGTERM) == (["ended"], -signal.SIGTERM)


@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_forked_child(where: str) -> None:
    """A child's signal is its own: it dies of it, ends no run, and its parent goes on."""
    script = f"""
    import warnings
    warnings.simplefilter("ignore")
    termination.before_termination(end)

    def fork():
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(1)
        time.sleep(0.2)
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
        say("child:" + str(os.waitstatus_to_exitcode(status)))

    if {where == "main"}:
        fork()
    else:
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
    time.sleep(0.2)
    say("parent")
    """
    process = subprocess.run(
        [sys.executable, "-c", START + textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert process.stdout.split() == ["child:-15", "parent"], process.stderr
    assert process.returncode == 0


def test_a_child_with_a_run_of_its_own() -> None:
    """A child may have a run of its own, which its signal ends."""
    script = """
    import warnings
    warnings.simplefilter("ignore")
    termination.before_termination(end)
    child = os.fork()
    if child == 0:
        termination.before_termination(lambda: say("child's"))
        ready()
        time.sleep(30)
        os._exit(1)
    os.waitpid(child, 0)
    """
    process = start(f"{textwrap.dedent(script)}")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        pytest.skip("needs Linux")
    os.kill(int(children.read_text().split()[0]), signal.SIGTERM)
    said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert said.split() == ["child's"]
    assert process.returncode == 0


def test_other_signals_do_nothing() -> None:
    """Signals with handlers of the user's go into the same pipe, and end nothing."""
    script = """
    signal.signal(signal.SIGUSR1, lambda *_: None)
    termination.before_termination(end)
    for _ in range(100_000):
        signal.raise_signal(signal.SIGUSR1)
    ready()
    time.sleep(30)
    """
    assert run(script, signal.SIGUSR1, signal.SIGTERM) == (["ended"], -signal.SIGTERM)


def test_in_another_thread() -> None:
    """Where it cannot install a handler it does without, and says nothing."""
    before = signal.getsignal(signal.SIGTERM)

    def work() -> None:
        termination.before_termination(work)
        termination.forget(work)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert work not in termination._guard.endings


def test_the_first_process_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that no such signal kills gets no handler."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    before = signal.getsignal(signal.SIGTERM)
    termination.before_termination(test_the_first_process_of_a_container)
    assert signal.getsignal(signal.SIGTERM) is before
    termination.forget(test_the_first_process_of_a_container)
