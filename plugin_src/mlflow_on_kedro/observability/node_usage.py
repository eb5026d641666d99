"""What each node uses while it runs: processor, memory and GPUs, sampled each second.

The processor and the memory are those of the process that runs the node, in a runner's worker too;
what GPUs say is of all processes. Nodes that run in threads of one process share its values.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple
from weakref import WeakSet

from ..journal.usage import CPU, MEMORY, Usage
from . import gpus

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
_PAUSE = 50
"""How many times longer than a sample took the pause to the next is at least: 2 % of a core."""
_FRESH_SECONDS = 0.1
"""A node that ends this soon after a sample of the GPUs takes that one."""
_PATIENCE_SECONDS = 0.05
"""How long the end of a node waits for a sample of the GPUs."""
_LEAST_SECONDS = 0.05
"""For a shorter time the clock of the processor is too coarse."""
_MEGABYTE = 1e6

NodeEnd = Callable[[], tuple[Usage, ...]]


class _Sample(NamedTuple):
    """What the process has used until now.

    Attributes:
        time: When, in seconds of the clock ``time.monotonic``.
        cpu: Seconds of all its threads.
        memory: Megabytes.
    """

    time: float
    cpu: float
    memory: float


class _Series:
    """The values of one thing, of which only mean and peak are kept."""

    def __init__(self) -> None:
        self._count, self._total, self._peak = 0, 0.0, 0.0

    def add(self, value: float) -> None:
        """Add a value."""
        self._count += 1
        self._total += value
        self._peak = max(self._peak, value)

    def to_usage(self, name: str) -> Usage:
        """Return mean and peak."""
        return Usage(name, self._total / self._count, self._peak)


class _NodeUsage:
    """What is used from the begin of a node on."""

    def __init__(self, begin: _Sample) -> None:
        self._begin = self._before = begin
        self._cpu_peak = 0.0
        self._series: defaultdict[str, _Series] = defaultdict(_Series)
        self._series[MEMORY].add(begin.memory)

    def add(self, sample: _Sample, readings: dict[str, float]) -> None:
        """Add a sample of the process, and one of the GPUs."""
        self._series[MEMORY].add(sample.memory)
        for name, value in readings.items():
            self._series[name].add(value)
        if sample.time - self._before.time >= _LEAST_SECONDS:
            self._cpu_peak = max(self._cpu_peak, _cpu_percentage(self._before, sample))
            self._before = sample

    @property
    def has_gpus(self) -> bool:
        """Whether there is a sample of the GPUs."""
        return len(self._series) > 1

    def usages(self) -> tuple[Usage, ...]:
        """Return the mean and the peak of each value, once the last sample is added."""
        found = [series.to_usage(name) for name, series in self._series.items()]
        if self._before is not self._begin:
            mean = _cpu_percentage(self._begin, self._before)
            found.append(Usage(CPU, mean, max(mean, self._cpu_peak)))
        return tuple(sorted(found))


def _cpu_percentage(begin: _Sample, end: _Sample) -> float:
    return 100 * (end.cpu - begin.cpu) / (end.time - begin.time)


class _Sampler:
    """Samples this process, and its GPUs, as long as nodes run in it.

    The GPUs are asked in a thread of its own only, because a driver may not answer.
    """

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._gpus: list[gpus.Gpu] | None = None
        self._readings: dict[str, float] = {}
        self._read_at = 0.0
        # Weak, because a node that is interrupted never ends.
        self._nodes: WeakSet[_NodeUsage] = WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked = threading.Event()
        self._answered = threading.Event()
        self._is_silent = False

    def begin(self) -> NodeEnd:
        """Begin to sample for a node, and return what ends it."""
        node = _NodeUsage(self._sample())
        with self._lock:
            self._nodes.add(node)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="mlflow_on_kedro node usage", daemon=True
                )
                self._thread.start()
        return lambda: self._end(node)

    def stop(self) -> None:
        """End the thread, if no node runs."""
        self._asked.set()

    def _end(self, node: _NodeUsage) -> tuple[Usage, ...]:
        last = self._sample()
        if not node.has_gpus and self._gpus != []:
            self._ask()
        with self._lock:
            self._nodes.discard(node)
            node.add(last, {} if node.has_gpus else self._fresh())
        return node.usages()

    def _sample(self) -> _Sample:
        memory = self._process.memory_info().rss / _MEGABYTE
        return _Sample(time.monotonic(), time.process_time(), memory)

    def _fresh(self) -> dict[str, float]:
        is_fresh = time.monotonic() - self._read_at < _FRESH_SECONDS
        return self._readings if is_fresh else {}

    def _ask(self) -> None:
        """Have the GPUs read now, unless they have just been read or do not answer."""
        if self._fresh() or self._is_silent:
            return
        self._answered.clear()
        self._asked.set()
        self._is_silent = not self._answered.wait(_PATIENCE_SECONDS)

    def _work(self) -> None:
        if self._gpus is None:
            self._gpus = _find_gpus()
        took = 0.0
        while True:
            self._asked.wait(max(INTERVAL_SECONDS, _PAUSE * took))
            self._asked.clear()
            with self._lock:
                if not self._nodes:  # a later node begins anew
                    self._thread = None
                    return
            begin = time.monotonic()
            readings = self._read_gpus()
            sample = self._sample()
            took = sample.time - begin
            with self._lock:
                self._readings, self._read_at = readings, sample.time
                for node in self._nodes:
                    node.add(sample, readings)
            self._is_silent = False
            self._answered.set()

    def _read_gpus(self) -> dict[str, float]:
        readings: dict[str, float] = {}
        for gpu in self._gpus or ():
            with suppress(Exception):  # of the driver, and of what the GPU lacks
                readings[f"gpu_{gpu.index}_utilization_percentage"] = gpu.utilization()
            with suppress(Exception):
                used, _ = gpu.memory()
                readings[f"gpu_{gpu.index}_memory_usage_megabytes"] = used / _MEGABYTE
        return readings


def _find_gpus() -> list[gpus.Gpu]:
    try:
        return gpus.find()
    except Exception as error:  # the process that opened the run has warned of it
        logger.debug("The GPUs cannot be read: %r", error)
        return []


@functools.cache
def _sampler(process: int) -> _Sampler:  # noqa: ARG001 - a fork needs one of its own
    return _Sampler()


def begin() -> NodeEnd | None:
    """Begin to sample for a node in this process; None: the package psutil is missing.

    Returns:
        A function that ends it, and returns what the node has used.
    """
    if importlib.util.find_spec("psutil") is None:
        return None
    return _sampler(os.getpid()).begin()


def stop() -> None:
    """End sampling in this process, if no node runs any more."""
    if importlib.util.find_spec("psutil") is not None:
        _sampler(os.getpid()).stop()
