"""The GPUs of a machine: which are read, under which names, and what fails with one of them."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from mlflow_on_kedro.observability import gpu_meters, gpus

from tests.gpus import Card, NVMLError, install_amd, install_nvidia, on


def readings() -> dict[str, float]:
    """The metrics of all GPUs."""
    return {name: value for meter in gpu_meters.find() for name, value in meter().items()}


def test_names_of_mlflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each NVIDIA GPU has the metrics of MLflow's own monitor, with the same values."""
    from mlflow.system_metrics.metrics import gpu_monitor

    install_nvidia(monkeypatch, tmp_path, Card(), Card(busy=3, uuid=b"GPU-bbbb"))
    monkeypatch.setattr(gpu_monitor, "pynvml", sys.modules["pynvml"], raising=False)
    theirs = gpu_monitor.GPUMonitor()
    theirs.collect_metrics()
    ours = {name: round(value, 1) for name, value in readings().items()}
    assert ours == theirs.aggregate_metrics()
    assert ours["gpu_1_utilization_percentage"] == 3


def test_names_of_mlflow_for_amd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An AMD GPU has those of MLflow's monitor but the percentage of a power that it guesses."""
    install_amd(monkeypatch, tmp_path)
    assert readings() == {
        f"gpu_{index}_{name}": value
        for index in (0, 1)
        for name, value in {
            "utilization_percentage": 55,
            "memory_usage_percentage": 50,
            "memory_usage_gigabytes": 32,
            "power_usage_watts": 300,
        }.items()
    }


def test_a_value_that_amd_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What pyrsmi returns where a function fails is no value."""
    install_amd(monkeypatch, tmp_path, utilization=-1)
    gpu = gpus.find()[0]
    assert gpu.memory() == (32e9, 64e9)
    with pytest.raises(ValueError, match="-1"):
        gpu.utilization()


def test_values_that_nvidia_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A laptop's GPU tells its watts, but not how many it may take; None is no value, either."""
    install_nvidia(monkeypatch, tmp_path, Card(busy=None, most_watts=NVMLError("Not Supported")))
    (gpu,) = gpus.find()
    assert gpu.power() == (70, None)
    with pytest.raises(ValueError, match="None"):
        gpu.utilization()


@pytest.mark.parametrize(
    ("variable", "seen"),
    [
        ("1", [1]),
        ("2, 0", [0, 2]),
        ("GPU-bb", [1]),
        ("", []),
        ("-1", []),
        ("0,-1,2", [0]),
        ("NoDevFiles", []),
        ("MIG-cccc", [0, 1, 2]),
    ],
)
def test_visible_devices(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, seen: list[int]
) -> None:
    """Those that CUDA may use are read, under the numbers of nvidia-smi."""
    install_nvidia(monkeypatch, tmp_path, *(Card(uuid=f"GPU-{x * 4}") for x in "abc"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert [gpu.index for gpu in gpus.find()] == seen


def test_a_gpu_that_is_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A GPU that does not even have an id any more is left out, and the others are read."""
    install_nvidia(monkeypatch, tmp_path, Card(uuid=NVMLError("GPU is lost")), Card())
    assert [gpu.index for gpu in gpus.find()] == [1]


@pytest.mark.parametrize(("device", "package"), [("nvidia3", "nvidia-ml-py"), ("kfd", "pyrsmi")])
def test_a_missing_package(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    device: str,
    package: str,
) -> None:
    """A machine with a GPU whose package is missing gets one warning, with the command."""
    on(monkeypatch, tmp_path, device)
    find = gpus.importlib.util.find_spec
    missing = {"pynvml", "pyrsmi"}
    monkeypatch.setattr(
        gpus.importlib.util, "find_spec", lambda name: None if name in missing else find(name)
    )
    assert gpu_meters.find() == []
    (record,) = caplog.records
    assert f"pip install {package}" in record.getMessage()


def test_no_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine without a GPU needs no package, and hears of none."""
    on(monkeypatch, tmp_path)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu_meters.find() == []
    assert caplog.records == []


def test_a_driver_that_does_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver's reason is in one warning."""
    install_nvidia(monkeypatch, tmp_path, Card(), init=NVMLError("Driver/library mismatch"))
    assert gpu_meters.find() == []
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "Driver/library mismatch" in record.getMessage()
