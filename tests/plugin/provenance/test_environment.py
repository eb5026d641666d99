"""The machine and the command, and GPUs however their driver is."""

from __future__ import annotations

import json
import os
import platform
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.provenance import hardware
from mlflow_on_kedro.provenance.code_diff import CodeDiff
from mlflow_on_kedro.provenance.environment import environment_text
from mlflow_on_kedro.provenance.git_state import GitState


def test_content() -> None:
    """Command, code, Python, platform and hardware are there."""
    git = GitState("4f1c", "main", None, "sub", changed=True, untracked=("a",))
    diff = CodeDiff("x", {"a.png": "binary"}, is_cut=True)
    text = environment_text("kedro run", {"pipeline": "train"}, git, diff, hardware.describe())
    found = json.loads(text)
    assert found["command"] == "kedro run"
    assert found["kedro"] == {"pipeline": "train"}
    assert found["git"] == {
        "commit": "4f1c",
        "branch": "main",
        "remote": None,
        "dirty": True,
        "untracked": ["a"],
        "untracked_more": 0,
        "root": "sub",
        "diff_cut": True,
        "diff_masked": False,
        "not_in_diff": {"a.png": "binary"},
        "problem": None,
    }
    assert found["python"]["version"] == platform.python_version()
    assert found["platform"]["machine"]
    assert found["hardware"]["cores"] >= 1
    if hasattr(os, "sysconf"):
        assert found["hardware"]["memory_bytes"] > 100_000_000


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """NVIDIA's driver, as Linux shows it."""
    folder = tmp_path / "nvidia"
    (folder / "gpus" / "0000:65").mkdir(parents=True)
    (folder / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\n"
    )
    (folder / "gpus" / "0000:65" / "information").write_text("Model: \t\t NVIDIA L4\nIRQ: 1\n")
    monkeypatch.setattr(hardware, "_NVIDIA", folder)
    monkeypatch.setattr(hardware, "_CARDS", tmp_path / "drm")
    monkeypatch.setattr(hardware.shutil, "which", lambda _: None)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "pynvml", None)
    return folder


@pytest.mark.usefixtures("driver")
def test_gpus_of_the_driver() -> None:
    """Without nvidia-ml-py Linux's driver says which GPUs there are."""
    assert hardware.gpus() == [{"name": "NVIDIA L4", "memory_bytes": None, "driver": "550.54.15"}]


@pytest.mark.usefixtures("driver")
def test_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a driver nothing is asked."""
    monkeypatch.setattr(hardware, "_NVIDIA", tmp_path / "nowhere")
    assert hardware.gpus() == []


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("works", [True, False])
def test_gpus_of_nvml(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    """nvidia-ml-py knows the memory, too; where it fails, the driver is read."""

    def init() -> None:
        if not works:
            raise OSError("driver mismatch")

    nvml: Any = types.ModuleType("pynvml")
    nvml.__spec__ = types.SimpleNamespace()
    nvml.nvmlInit = init
    nvml.nvmlShutdown = lambda: None
    nvml.nvmlSystemGetDriverVersion = lambda: b"550.54.15"
    nvml.nvmlDeviceGetCount = lambda: 1
    nvml.nvmlDeviceGetHandleByIndex = lambda index: index
    nvml.nvmlDeviceGetName = lambda _: "NVIDIA L4"
    nvml.nvmlDeviceGetMemoryInfo = lambda _: types.SimpleNamespace(total=24)
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    assert hardware.gpus() == [
        {"name": "NVIDIA L4", "memory_bytes": 24 if works else None, "driver": "550.54.15"}
    ]


@pytest.mark.usefixtures("driver")
def test_gpus_of_amd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux's driver says which GPUs of AMD there are; what is part of a processor is none."""
    monkeypatch.setattr(hardware, "_NVIDIA", tmp_path / "nowhere")
    for number, vendor, name in ((0, "0x1002", "AMD Instinct MI300X"), (1, "0x8086", "Iris")):
        device = tmp_path / "drm" / f"card{number}" / "device"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "product_name").write_text(f"{name}\n")
        (device / "mem_info_vram_total").write_text("206158430208\n")
    (tmp_path / "drm" / "card2" / "device").mkdir(parents=True)
    (tmp_path / "drm" / "card2" / "device" / "vendor").write_text("0x1002\n")
    (found,) = hardware.gpus()
    assert (found["name"], found["memory_bytes"]) == ("AMD Instinct MI300X", 206158430208)


def test_tags_of_an_unknown_machine() -> None:
    """What the system does not say is in no tag."""
    unknown = {"cpu": None, "cores": None, "memory_bytes": None, "gpus": []}
    assert hardware.tags(unknown) == {}
    assert hardware.tags({**unknown, "cores": 1}) == {"kedro.hardware.cpu": "1 core"}
