"""The GPUs that a pipeline can use: how busy they are, and what memory and power they use.

MLflow's own monitors are in no public module, and stop at the first device that fails.
"""

from __future__ import annotations

import importlib.util
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..utils import environment

logger = logging.getLogger(__name__)

_DEVICES = Path("/dev")
_PACKAGES = {"NVIDIA": ("nvidia-ml-py", "pynvml"), "AMD": ("pyrsmi", "pyrsmi")}
"""For each maker of GPUs the package that reads them, and its module."""


@dataclass(frozen=True)
class Gpu:
    """One GPU. Each function raises whatever its driver does, also where the GPU lacks the value.

    Attributes:
        index: Its number, as ``nvidia-smi`` or ``rocm-smi`` counts.
        utilization: Returns the percentage of the last second or so in which it was busy.
        memory: Returns the memory that is used, by all processes, and all that it has, in bytes.
        power: Returns the watts that it takes, and those that it may take; None if unknown.
        memory_unit: The unit that MLflow's monitor has for its memory, and the bytes of one.
    """

    index: int
    utilization: Callable[[], float]
    memory: Callable[[], tuple[float, float]]
    power: Callable[[], tuple[float, float | None]]
    memory_unit: tuple[str, float] = ("megabytes", 1e6)


def find() -> list[Gpu]:
    """Return the GPUs that this process may use, of NVIDIA or else of AMD.

    ``CUDA_VISIBLE_DEVICES`` counts, and for AMD ``HIP_VISIBLE_DEVICES`` and
    ``ROCR_VISIBLE_DEVICES``, too. A package is imported only where there is such a GPU.

    Raises:
        Exception: The driver does not work.
    """
    maker = _maker()
    if maker is None or not _is_installed(maker):
        return []
    return _nvidia() if maker == "NVIDIA" else _amd()


def missing_package() -> tuple[str, str] | None:
    """Return who made this machine's GPU and the package that it needs; None: none is missing."""
    maker = _maker()
    return None if maker is None or _is_installed(maker) else (maker, _PACKAGES[maker][0])


def _maker() -> str | None:
    """Return who made this machine's GPU; None: it has none, or no driver for computing."""
    # Windows and WSL have no such files, but the command.
    if any(_DEVICES.glob("nvidia[0-9]*")) or shutil.which("nvidia-smi") is not None:
        return "NVIDIA"
    return "AMD" if (_DEVICES / "kfd").exists() else None


def _is_installed(maker: str) -> bool:
    return importlib.util.find_spec(_PACKAGES[maker][1]) is not None


def _nvidia() -> list[Gpu]:
    import pynvml

    def gpu(index: int, handle: Any) -> Gpu:
        def memory() -> tuple[float, float]:
            found = pynvml.nvmlDeviceGetMemoryInfo(handle)
            return _known(found.used), _known(found.total)

        def power() -> tuple[float, float | None]:
            watts = _known(pynvml.nvmlDeviceGetPowerUsage(handle)) / 1000
            try:
                return watts, _known(pynvml.nvmlDeviceGetEnforcedPowerLimit(handle)) / 1000
            except (pynvml.NVMLError, ValueError):  # most GPUs of laptops do not tell it
                return watts, None

        def utilization() -> float:
            return _known(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)

        return Gpu(index, utilization, memory, power)

    pynvml.nvmlInit()
    handles: dict[int, Any] = {}
    ids: dict[int, str] = {}
    for index in range(pynvml.nvmlDeviceGetCount()):
        try:
            handles[index] = pynvml.nvmlDeviceGetHandleByIndex(index)
            uuid = pynvml.nvmlDeviceGetUUID(handles[index])
        except pynvml.NVMLError as error:  # one that is lost or broken
            logger.debug("GPU %d is left out: %s", index, error)
            continue
        ids[index] = uuid.decode() if isinstance(uuid, bytes) else uuid
    return [gpu(index, handles[index]) for index in _visible(ids, "CUDA_VISIBLE_DEVICES")]


def _amd() -> list[Gpu]:
    from pyrsmi import rocml

    def gpu(index: int) -> Gpu:
        def memory() -> tuple[float, float]:
            used = _known(rocml.smi_get_device_memory_used(index))
            return used, _known(rocml.smi_get_device_memory_total(index))

        return Gpu(
            index,
            lambda: _known(rocml.smi_get_device_utilization(index)),
            memory,
            lambda: (_known(rocml.smi_get_device_average_power(index)), None),
            memory_unit=("gigabytes", 1e9),
        )

    rocml.smi_initialize()
    ids = dict.fromkeys(range(rocml.smi_get_device_count()), "")
    variables = ("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES")
    return [gpu(index) for index in _visible(ids, *variables)]


def _known(value: Any) -> float:
    """Check that a driver knows a value: pyrsmi returns -1 where a function fails."""
    if value is None or value < 0:
        raise ValueError(value)
    return float(value)


def _visible(ids: Mapping[int, str], *variables: str) -> list[int]:
    """Return the GPUs that the first variable that is set names; all if none is.

    CUDA takes numbers and beginnings of ids, and ignores all that follows one that it does not
    know, such as -1. An instance of a GPU (``MIG-…``) does not say of which GPU it is.

    Args:
        ids: The GPUs: number -> id.
        variables: The names of the environment variables.
    """
    given = next(
        (value for name in variables if (value := environment.value(name)) is not None), None
    )
    if given is None or "MIG-" in given:
        return list(ids)
    found: list[int] = []
    for item in (part.strip() for part in given.split(",")):
        named = [
            index
            for index, known in ids.items()
            if item == str(index) or (item.startswith("GPU-") and known.startswith(item))
        ]
        if not named:
            break
        found += named
    return sorted(set(found))
