"""What reads the metrics of GPUs, under the names that MLflow's own monitors give them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from . import gpus

logger = logging.getLogger(__name__)


def find() -> list[Callable[[], dict[str, float]]]:
    """Return what reads each value of each GPU, so that one that fails stops no other.

    A package that is missing, or a driver that does not work, is one warning.
    """
    missing = gpus.missing_package()
    if missing is not None:
        maker, package = missing
        logger.warning(
            "This machine has an %s GPU, but no GPU metrics are logged: they need the package "
            "%s. Run `pip install %s`.",
            *(maker, package, package),
        )
    try:
        found = gpus.find()
    except Exception as error:  # of the driver, in whatever state it is
        logger.warning(
            "This machine has a GPU, but no GPU metrics are logged: its driver does not work (%s: "
            "%s).",
            *(type(error).__name__, error),
        )
        return []
    return [meter for gpu in found for meter in _meters_of(gpu)]


def _meters_of(gpu: gpus.Gpu) -> tuple[Callable[[], dict[str, float]], ...]:
    name = f"gpu_{gpu.index}"
    unit, size = gpu.memory_unit

    def utilization() -> dict[str, float]:
        return {f"{name}_utilization_percentage": gpu.utilization()}

    def memory() -> dict[str, float]:
        used, total = gpu.memory()
        return {
            f"{name}_memory_usage_percentage": 100 * used / total,
            f"{name}_memory_usage_{unit}": used / size,
        }

    def power() -> dict[str, float]:
        watts, most = gpu.power()
        readings = {f"{name}_power_usage_watts": watts}
        if most:
            readings[f"{name}_power_usage_percentage"] = 100 * watts / most
        return readings

    return utilization, memory, power
