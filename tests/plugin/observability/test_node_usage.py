"""What a node uses: processor, memory and GPUs while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.journal.usage import Usage
from mlflow_on_kedro.observability import node_usage

from tests.gpus import Card, NVMLError, install_nvidia, on

CPU, MEMORY = "process_cpu_percentage", "process_memory_megabytes"
BUSY, GPU_MEMORY = "gpu_0_utilization_percentage", "gpu_0_memory_usage_megabytes"


@pytest.fixture(autouse=True)
def sampler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A sampler of this test alone, which is quick, on a machine without a GPU."""
    on(monkeypatch, tmp_path / "dev")
    monkeypatch.setattr(node_usage, "INTERVAL_SECONDS", 0.05)
    node_usage._sampler.cache_clear()
    yield
    node_usage.stop()
    node_usage._sampler.cache_clear()


def used(work: Callable[[], Any]) -> dict[str, Usage]:
    """What a node that does some work uses."""
    end = node_usage.begin()
    assert end is not None
    work()
    return {usage.name: usage for usage in end()}


def busy(seconds: float) -> None:
    """Use one core."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))


def test_processor() -> None:
    """The mean is of the whole node, the peak of its busiest part."""

    def work() -> None:
        busy(0.15)
        time.sleep(0.3)

    cpu = used(work)[CPU]
    assert 0 < cpu.mean < 75
    assert cpu.peak > cpu.mean


def test_memory() -> None:
    """What is released before the node ends is in the peak."""

    def work() -> None:
        content = bytearray(200_000_000)
        time.sleep(0.25)
        del content

    memory = used(work)[MEMORY]
    assert memory.peak - memory.mean > 10
    assert memory.peak > 200


def test_a_node_that_takes_no_time() -> None:
    """It has a sample at its begin and its end, but the clock of the processor is too coarse."""
    found = used(lambda: None)
    assert {*found} == {MEMORY}


def test_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """GPUs are sampled while the node runs."""
    card = Card(busy=10)
    install_nvidia(monkeypatch, tmp_path / "dev", card)

    def work() -> None:
        time.sleep(0.2)
        card.busy = 90
        time.sleep(0.2)

    found = used(work)
    assert 10 < found[BUSY].mean < 90 == found[BUSY].peak
    assert found[GPU_MEMORY] == Usage(GPU_MEMORY, 12_000, 12_000)


def test_gpu_of_a_short_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A node that is over before the next sample has one of its end."""
    monkeypatch.setattr(node_usage, "INTERVAL_SECONDS", 60.0)
    install_nvidia(monkeypatch, tmp_path / "dev", Card())
    assert used(lambda: time.sleep(0.01))[BUSY].peak == 87


def test_gpus_that_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a GPU does not say is missing, and all else is there."""
    broken = Card(busy=NVMLError("Not Supported"))
    install_nvidia(monkeypatch, tmp_path / "dev", broken, Card(busy=5))
    found = used(lambda: time.sleep(0.15))
    assert BUSY not in found
    assert found[GPU_MEMORY].peak == 12_000
    assert found["gpu_1_utilization_percentage"].peak == 5


def test_a_driver_that_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No node waits for it longer than a moment, and the next one not at all."""
    answer = threading.Event()
    install_nvidia(monkeypatch, tmp_path / "dev", Card(before=lambda: answer.wait(20) and None))
    begin = time.monotonic()
    for _ in range(20):
        assert MEMORY in used(lambda: None)
    answer.set()
    assert time.monotonic() - begin < 1


def test_threads() -> None:
    """Nodes that run at the same moment have one sampler, and each its own values."""
    ends = [node_usage.begin() for _ in range(3)]
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("mlflow_on_kedro node usage") == 1
    assert all(end is not None and end() for end in ends)


def test_it_ends() -> None:
    """When no node runs any more, nothing is sampled."""
    used(lambda: None)
    node_usage.stop()
    deadline = time.monotonic() + 5
    while any(thread.name == "mlflow_on_kedro node usage" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert MEMORY in used(lambda: None)


def test_it_is_cheap() -> None:
    """A node takes less than a millisecond of processor time more."""
    used(lambda: None)
    begin = time.process_time()
    for _ in range(500):
        used(lambda: None)
    assert (time.process_time() - begin) / 500 < 0.001
