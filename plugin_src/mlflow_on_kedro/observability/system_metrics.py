"""CPU, memory, disk, network and GPUs of the machine while a pipeline runs, as metrics of its run.

MLflow has its own monitor, in no public module, which calls the server for each sample and leaves
out the first. The metrics here have the same names and units, so the MLflow UI shows them in its
tab "System metrics"
(https://mlflow.org/docs/latest/ml/tracking/system-metrics/).
"""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..utils import environment
from ..utils.clock import now_ms
from . import gpu_meters

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

PREFIX = "system/"
_MEGABYTE = 1e6
INTERVAL_SECONDS = 10.0
END_SECONDS = 5.0
"""The most that a run's end waits for its last sample."""

MOST_FAILURES = 3
"""After how many failures in a row something is not read again."""

Readings = dict[str, float]
Meter = Callable[[], Readings]


def check(where: str) -> None:
    """Raise an error, before the pipeline runs, if a package is missing.

    Args:
        where: The name of the configuration's file, for messages.

    Raises:
        ConfigError: psutil is not installed.
    """
    if importlib.util.find_spec("psutil") is None:
        raise ConfigError(
            f"{where}: 'system_metrics.enabled' needs the package psutil. Run `pip install "
            "psutil`, or set it to false."
        )


def begin(run: TrackedRun) -> None:
    """Take samples until the run ends, in the process that opened it."""
    if importlib.util.find_spec("psutil") is None:  # only the environment asks for it
        logger.warning(
            "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING is set, but no system metrics are logged: they "
            "need the package psutil. Run `pip install psutil`."
        )
        return
    given = run.config.system_metrics.interval or environment.system_metrics_interval()
    sampler = Sampler(run, given or INTERVAL_SECONDS)
    run.at_end(sampler.stop)
    sampler.start()


class Sampler:
    """A thread that logs samples of the whole machine, so of a runner's other processes too.

    Args:
        run: The run to log to.
        interval: Seconds from one sample to the next. There is one more when the run ends, of
            the time since the one before.
    """

    def __init__(self, run: TrackedRun, interval: float) -> None:
        self._run = run
        self._interval = interval
        self._prefix = _prefix()
        self._failures: Counter[Meter] = Counter()
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name="mlflow_on_kedro system metrics", daemon=True
        )

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Take the last sample."""
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _work(self) -> None:
        meters = [meter for meter in map(_started, (_cpu, _memory, _disk, _network)) if meter]
        meters += gpu_meters.find()
        due = time.monotonic()
        step = 0
        ended = False
        while not ended:
            due = max(due + self._interval, time.monotonic())
            ended = self._ended.wait(due - time.monotonic())
            try:
                self._log(meters, step)
            except Exception as error:
                # With `on_failure: raise` the pipeline's next log call raises the same.
                logger.debug("No more system metrics are logged: %r", error)
                return
            step += 1

    def _log(self, meters: list[Meter], step: int) -> None:
        now = now_ms()
        for meter in list(meters):
            try:
                readings = meter()
            except Exception as error:  # operating systems and drivers raise many kinds
                self._failures[meter] += 1
                if self._failures[meter] == MOST_FAILURES:
                    meters.remove(meter)
                logger.debug("A system metric cannot be read: %r", error)
                continue
            del self._failures[meter]
            for name, value in readings.items():
                self._run.log_metric(self._prefix + name, round(value, 1), step=step, timestamp=now)


def _prefix() -> str:
    """Return what the metrics' names begin with, which tells machines apart if the user wants."""
    machine = environment.system_metrics_node_id()
    return f"{PREFIX}{machine}/" if machine else PREFIX


def _started(make: Callable[[], Meter]) -> Meter | None:
    try:
        return make()
    except Exception as error:  # a container may have no network counters, for example
        logger.debug("A system metric cannot be read: %r", error)
        return None


def _cpu() -> Meter:
    import psutil

    psutil.cpu_percent()  # each call returns the load since the one before

    def read() -> Readings:
        return {"cpu_utilization_percentage": psutil.cpu_percent()}

    return read


def _memory() -> Meter:
    import psutil

    def read() -> Readings:
        memory = psutil.virtual_memory()
        return {
            "system_memory_usage_megabytes": memory.used / _MEGABYTE,
            "system_memory_usage_percentage": 100 * memory.used / memory.total,
        }

    return read


def _disk() -> Meter:
    import psutil

    def read() -> Readings:
        disk = psutil.disk_usage(os.sep)
        return {
            "disk_usage_percentage": disk.percent,
            "disk_usage_megabytes": disk.used / _MEGABYTE,
            "disk_available_megabytes": disk.free / _MEGABYTE,
        }

    return read


def _network() -> Meter:
    import psutil

    before = psutil.net_io_counters()

    def read() -> Readings:
        now = psutil.net_io_counters()
        return {
            "network_receive_megabytes": (now.bytes_recv - before.bytes_recv) / _MEGABYTE,
            "network_transmit_megabytes": (now.bytes_sent - before.bytes_sent) / _MEGABYTE,
        }

    return read
