"""Processes and what they cost: CPU and wall seconds, memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_SECONDS = 600
_KILOBYTES = 1 if sys.platform == "darwin" else 1000  # what `ru_maxrss` counts in


@dataclass(frozen=True)
class Cost:
    """What one process has cost, with the processes that it has waited for.

    Attributes:
        cpu: User and system seconds.
        wall: Seconds from its start to its end.
        peak_mb: The most memory that it or one of its children had, in MB.
        loop: Seconds from the begin of the first node to the end of the last; None: no nodes.
    """

    cpu: float
    wall: float
    peak_mb: float
    loop: float | None = None


class Samples:
    """What variants of one thing have cost, each measured several times."""

    def __init__(self) -> None:
        self.costs: dict[str, list[Cost]] = {}

    def add(self, variant: str, cost: Cost) -> None:
        """Take a measurement."""
        self.costs.setdefault(variant, []).append(cost)

    def cpu(self, variant: str) -> float:
        """The median of the CPU seconds."""
        return statistics.median(cost.cpu for cost in self.costs[variant])

    def least_cpu(self, variant: str) -> float:
        """The least CPU seconds: what other work on the machine adds to least."""
        return min(cost.cpu for cost in self.costs[variant])

    def wall(self, variant: str) -> float:
        """The median of the wall seconds."""
        return statistics.median(cost.wall for cost in self.costs[variant])

    def least_wall(self, variant: str) -> float:
        """The least wall seconds."""
        return min(cost.wall for cost in self.costs[variant])

    def loop(self, variant: str) -> float:
        """The median of the seconds in which nodes ran."""
        return statistics.median(cost.loop or 0.0 for cost in self.costs[variant])

    def peak_mb(self, variant: str) -> float:
        """The median of the peaks of memory."""
        return statistics.median(cost.peak_mb for cost in self.costs[variant])

    def medians(self) -> dict[str, dict[str, float]]:
        """All medians, as the results show them."""
        return {
            variant: {
                "n": len(costs),
                "cpu": round(self.cpu(variant), 3),
                "wall": round(self.wall(variant), 3),
                "loop": round(self.loop(variant), 4),
                "peak_mb": round(self.peak_mb(variant)),
            }
            for variant, costs in self.costs.items()
        }


@dataclass(frozen=True)
class Check:
    """One target, and what was measured.

    Attributes:
        what: What is measured.
        measured: The figure.
        limit: The target.
        unit: Of both.
        at_least: Whether the target is a lower limit.
    """

    what: str
    measured: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    @property
    def share(self) -> float:
        """How much of what is allowed is used: up to 1 the target is met."""
        if self.at_least:
            return self.limit / self.measured if self.measured > 0 else float("inf")
        return max(self.measured, 0.0) / self.limit


@dataclass
class Outcome:
    """What a workload gave.

    Attributes:
        name: B1, B2, ...
        title: What it does.
        checks: Its targets.
        samples: What was measured, by variant.
        notes: What else is to be said.
    """

    name: str
    title: str
    checks: list[Check] = field(default_factory=list)
    samples: Samples = field(default_factory=Samples)
    notes: list[str] = field(default_factory=list)


def run_process(
    command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path
) -> Cost:
    """Run a command to its end.

    Args:
        command: The command.
        cwd: Where it runs.
        env: All its environment variables.
        log: A file for what it prints.

    Raises:
        RuntimeError: It fails; the message has the end of what it printed.
    """
    words = [str(word) for word in command]
    with log.open("wb") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(words, cwd=cwd, env=env, stdout=output, stderr=output)
        timer = threading.Timer(LIMIT_SECONDS, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{said}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * _KILOBYTES / 1e6)


def alternate(
    samples: Samples,
    variants: Mapping[str, Callable[[], Cost]],
    rounds: int,
    *,
    warm_up: bool = False,
) -> None:
    """Measure variants in turn, A B C A B C ..., so that a busy machine burdens all alike.

    Args:
        samples: Takes the measurements.
        variants: Name -> what runs it once.
        rounds: How often each is measured.
        warm_up: Run each once more before, uncounted: files are compiled and cached.
    """
    for number in range(-1 if warm_up else 0, rounds):
        for variant, measured in variants.items():
            cost = measured()
            if number >= 0:
                samples.add(variant, cost)
