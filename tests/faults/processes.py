"""Processes that have ended, and waiting for what other processes do."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

# No test waits so long for anything that happens.
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """A process that has ended.

    Attributes:
        status: Its exit status.
        said: All that it printed, without line breaks.
        begin: When it began, in seconds since the epoch.
        end: When it ended.
    """

    status: int
    said: str
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin

    @property
    def warnings(self) -> int:
        """How many warnings it has logged."""
        return self.said.count(" WARNING ")


def ended(process: subprocess.Popen[str], *, begin: float, seconds: float = 300) -> Ended:
    """Wait for the end of a process."""
    printed, _ = process.communicate(timeout=seconds)
    return Ended(process.returncode, " ".join(printed.split()), begin, time.time())


def started_by(process: subprocess.Popen[Any]) -> list[psutil.Process]:
    """All processes that a process has started, and those that they have."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill_all(process: subprocess.Popen[Any]) -> None:
    """Kill a process and all that it has started, as when the machine goes down."""
    others = started_by(process)
    process.kill()
    for other in others:
        with contextlib.suppress(psutil.NoSuchProcess):
            other.kill()
    process.wait()
    psutil.wait_procs(others, timeout=PATIENCE_SECONDS)  # until then they hold their locks


def wait_until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: It does not within the given time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
