"""The machine that a run has run on: CPU, memory and GPUs."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_NVIDIA = Path("/proc/driver/nvidia")
_CARDS = Path("/sys/class/drm")
_AMD_VENDOR = "0x1002"
_CPU_BYTES = 4096


def describe() -> dict[str, Any]:
    """Return the CPU's name, the cores that this process may use, the memory, and the GPUs.

    Nothing fails or waits: what the system does not say at once is None.
    """
    return {
        "cpu": _cpu(),
        "cores": _cores(),
        "memory_bytes": _memory(),
        "gpus": gpus(),
    }


def tags(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that say on what machine a run has run, without what is not known.

    Args:
        found: What :func:`describe` has returned.

    Example:
        >>> gpu = {"name": "NVIDIA L4", "memory_bytes": None, "driver": "550.54"}
        >>> found = {"cpu": "EPYC", "cores": 8, "memory_bytes": 32_000_000_000, "gpus": [gpu, gpu]}
        >>> for tag, value in tags(found).items():
        ...     print(tag, value)
        kedro.hardware.cpu 8 cores, EPYC
        kedro.hardware.memory 32.0 GB
        kedro.hardware.gpu 2 x NVIDIA L4, driver 550.54
    """
    cores = found["cores"]
    gpus = Counter(
        gpu["name"] + (f", driver {gpu['driver']}" if gpu["driver"] else "")
        for gpu in found["gpus"]
    )
    texts = {
        "cpu": [f"{cores} core{'s' if cores != 1 else ''}" if cores else "", found["cpu"] or ""],
        "memory": [f"{found['memory_bytes'] / 1e9:.1f} GB" if found["memory_bytes"] else ""],
        "gpu": [f"{count} x {name}" for name, count in gpus.items()],
    }
    joined = {name: ", ".join(filter(None, parts)) for name, parts in texts.items()}
    return {f"kedro.hardware.{name}": text for name, text in joined.items() if text}


def _cores() -> int | None:
    with suppress(AttributeError, OSError):  # Linux only
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _cpu() -> str | None:
    with suppress(OSError, ValueError, AttributeError):
        if sys.platform == "linux":
            # The beginning has the first core; the whole file of a large machine takes long.
            with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
                found = re.search(r"^model name\s*:\s*(.+)$", file.read(_CPU_BYTES), re.MULTILINE)
            return found[1].strip() if found else os.uname().machine
        if sys.platform == "darwin":
            return _sysctl("machdep.cpu.brand_string")
        return os.environ.get("PROCESSOR_IDENTIFIER")
    return None


def _sysctl(name: str) -> str | None:
    size = ctypes.c_size_t(256)
    buffer = ctypes.create_string_buffer(size.value)
    failed = ctypes.CDLL(None).sysctlbyname(
        name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    return None if failed else buffer.value.decode("utf-8", "replace")


def _memory() -> int | None:
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if importlib.util.find_spec("psutil") is not None:  # Windows
        import psutil

        return int(psutil.virtual_memory().total)
    return None


# -- GPUs ---------------------------------------------------------------------------------------


def gpus() -> list[dict[str, Any]]:
    """Return name, memory in bytes and driver of each GPU of NVIDIA or AMD; empty: there is none.

    NVIDIA's come from the package nvidia-ml-py if it is installed, else from Linux's driver, which
    does not say how much memory they have. AMD's come from Linux's driver.
    """
    has_driver = (_NVIDIA / "version").exists() or shutil.which("nvidia-smi")  # WSL has the latter
    if sys.platform == "linux" and not has_driver:
        with suppress(OSError, ValueError):
            return _of_amd()
        return []
    with suppress(Exception):  # of the driver, in whatever state it is
        if importlib.util.find_spec("pynvml") is not None:
            return _from_nvml()
    with suppress(OSError):
        return _from_proc()
    return []


def _from_nvml() -> list[dict[str, Any]]:
    import pynvml

    pynvml.nvmlInit()
    try:
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        handles = map(pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount()))
        return [
            {
                "name": _text(pynvml.nvmlDeviceGetName(handle)),
                "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
                "driver": driver,
            }
            for handle in handles
        ]
    finally:
        pynvml.nvmlShutdown()


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _from_proc() -> list[dict[str, Any]]:
    version = re.search(r"\s(\d+\.\d[\d.]*)\s", (_NVIDIA / "version").read_text("utf-8", "replace"))
    driver = version[1] if version else None
    models = [
        re.search(r"^Model:\s*(.+)$", path.read_text("utf-8", "replace"), re.MULTILINE)
        for path in sorted((_NVIDIA / "gpus").glob("*/information"))
    ]
    return [
        {"name": model[1].strip(), "memory_bytes": None, "driver": driver}
        for model in models
        if model
    ]


def _of_amd() -> list[dict[str, Any]]:
    version = Path("/sys/module/amdgpu/version")
    driver = version.read_text("utf-8", "replace").strip() if version.exists() else None
    found = []
    for path in sorted(_CARDS.glob("card[0-9]*/device/vendor")):
        # What is built into a processor has no memory of this kind, or does not say its name.
        name, memory = path.with_name("product_name"), path.with_name("mem_info_vram_total")
        if path.read_text("utf-8").strip() == _AMD_VENDOR and name.exists() and memory.exists():
            text = name.read_text("utf-8", "replace").strip()
            size = int(memory.read_text("utf-8"))
            found.append({"name": text or "AMD GPU", "memory_bytes": size, "driver": driver})
    return found
