"""Stand-ins for the packages that read GPUs: no machine that runs the tests needs one."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.observability import gpus


class NVMLError(Exception):
    """What nvidia-ml-py raises."""


@dataclass
class Card:
    """An NVIDIA GPU; a value that is an error is raised.

    Attributes:
        busy: Percentage of time in which it is busy.
        used: Bytes of memory that are used.
        total: Bytes of memory that it has.
        watts: Power that it takes.
        most_watts: Power that it may take.
        uuid: Its id.
        before: Called before each reading.
    """

    busy: Any = 87
    used: Any = 12_000_000_000
    total: int = 24_000_000_000
    watts: Any = 70
    most_watts: Any = 280
    uuid: Any = "GPU-aaaa"
    before: Callable[[], None] = field(default=lambda: None)

    def read(self, value: Any) -> Any:
        """Return a value, or raise what it is."""
        self.before()
        if isinstance(value, Exception):
            raise value
        return value


def install_nvidia(
    monkeypatch: pytest.MonkeyPatch, devices: Path, *cards: Card, init: Any = None
) -> None:
    """Have the machine have these GPUs, in ``/dev`` and in the module ``pynvml``.

    Args:
        monkeypatch: Undoes it.
        devices: A folder to take for ``/dev``.
        cards: The GPUs.
        init: What ``nvmlInit`` raises.
    """

    def begin() -> None:
        if init is not None:
            raise init

    def namespace(**values: Any) -> Any:
        return types.SimpleNamespace(**values)

    nvml: Any = types.ModuleType("pynvml")
    nvml.__spec__ = types.SimpleNamespace()
    nvml.NVMLError = NVMLError
    nvml.nvmlInit = begin
    nvml.nvmlDeviceGetCount = lambda: len(cards)
    nvml.nvmlDeviceGetHandleByIndex = lambda index: cards[index]
    nvml.nvmlDeviceGetUUID = lambda card: card.read(card.uuid)
    nvml.nvmlDeviceGetUtilizationRates = lambda card: namespace(gpu=card.read(card.busy))
    nvml.nvmlDeviceGetMemoryInfo = lambda card: namespace(
        used=card.read(card.used), total=card.total
    )
    nvml.nvmlDeviceGetPowerUsage = lambda card: card.read(card.watts) * 1000
    nvml.nvmlDeviceGetEnforcedPowerLimit = lambda card: card.read(card.most_watts) * 1000
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    on(monkeypatch, devices, "nvidia0")


def install_amd(monkeypatch: pytest.MonkeyPatch, devices: Path, **values: Any) -> None:
    """Have the machine have two GPUs of AMD, in ``/dev`` and in the package ``pyrsmi``.

    Args:
        monkeypatch: Undoes it.
        devices: A folder to take for ``/dev``.
        values: What functions return, by what follows ``smi_get_device_`` in their names.
    """
    given = {
        "utilization": 55,
        "memory_used": 32_000_000_000,
        "memory_total": 64_000_000_000,
        "average_power": 300.0,
        **values,
    }
    rocml: Any = types.SimpleNamespace(
        smi_initialize=lambda: None,
        smi_get_device_count=lambda: 2,
        **{f"smi_get_device_{name}": lambda _, value=value: value for name, value in given.items()},
    )
    package: Any = types.ModuleType("pyrsmi")
    package.__spec__ = types.SimpleNamespace()
    package.rocml = rocml
    monkeypatch.setitem(sys.modules, "pyrsmi", package)
    on(monkeypatch, devices, "kfd")


def on(monkeypatch: pytest.MonkeyPatch, devices: Path, *names: str) -> None:
    """Have the machine have these device files, and no command ``nvidia-smi``."""
    devices.mkdir(exist_ok=True)
    for name in names:
        (devices / name).touch()
    monkeypatch.setattr(gpus, "_DEVICES", devices)
    monkeypatch.setattr(gpus.shutil, "which", lambda _: None)
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
