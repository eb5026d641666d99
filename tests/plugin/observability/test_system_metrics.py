"""System metrics: a sample each interval and one at the end, under the names of MLflow's UI."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.observability import gpu_meters, observers, system_metrics
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

from tests.gpus import Card, NVMLError, install_nvidia

NODES = """
import time

from kedro.pipeline import node, pipeline

def busy(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))
    return seconds

def create_pipeline():
    return pipeline([node(busy, "params:seconds", f"done_{n}", name=f"busy_{n}") for n in "ab"])
"""
FAILING = """
from kedro.pipeline import node, pipeline

def fail(seconds):
    raise ValueError("no")

def create_pipeline():
    return pipeline([node(fail, "params:seconds", "done", name="fail")])
"""
NAMES = {
    "system/cpu_utilization_percentage",
    "system/disk_available_megabytes",
    "system/disk_usage_megabytes",
    "system/disk_usage_percentage",
    "system/network_receive_megabytes",
    "system/network_transmit_megabytes",
    "system/system_memory_usage_megabytes",
    "system/system_memory_usage_percentage",
}
CPU = "system/cpu_utilization_percentage"
GPU_NAMES = {
    *("utilization_percentage", "memory_usage_percentage", "memory_usage_megabytes"),
    *("power_usage_watts", "power_usage_percentage"),
}

MakeProject = Callable[..., Any]


def make(
    make_project: MakeProject, nodes: str = NODES, *, seconds: float = 0.3, **keys: Any
) -> Any:
    """A project that logs system metrics."""
    return make_project(
        nodes,
        parameters={"seconds": seconds},
        mlflow={"system_metrics": {"enabled": True, **keys}, "time": {"gantt": False}},
    )


def logged(project: Any) -> set[str]:
    """The names of the run's system metrics."""
    found = {name for name in project.run.data.metrics if name.startswith("system/")}
    return {name for name in found if not name.startswith("system/time/")}


class TestSamples:
    """What a run has."""

    def test_a_run_shorter_than_the_interval(self, make_project: MakeProject) -> None:
        """There is one sample, taken at the end of the run, of the time since its beginning."""
        project = make(make_project)
        project.session_run()
        assert logged(project) == NAMES
        (point,) = project.client.get_metric_history(project.run.info.run_id, CPU)
        assert point.step == 0
        assert 0 <= project.run.info.end_time - point.timestamp < 2000
        assert point.value > 10  # one of the machine's processors was busy

    def test_intervals(self, make_project: MakeProject) -> None:
        """Samples are an interval apart; each is a step."""
        project = make(make_project, seconds=0.6, interval=0.4)
        project.session_run()
        points = project.client.get_metric_history(project.run.info.run_id, CPU)
        assert [point.step for point in points] == list(range(len(points)))
        assert len(points) >= 3
        took = (points[-1].timestamp - project.run.info.start_time) / 1000
        assert len(points) <= took / 0.4 + 2

    def test_once_a_run_and_once_a_node(
        self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The machine is sampled once a run, and each node in the worker process that runs it."""
        from kedro.runner import ParallelRunner
        from mlflow.artifacts import load_text

        monkeypatch.setenv("KEDRO_MP_CONTEXT", "fork")
        install_nvidia(monkeypatch, tmp_path / "dev", Card())
        project = make(make_project)
        project.session_run(runner=ParallelRunner(max_workers=2))
        assert logged(project) == NAMES | {f"system/gpu_0_{name}" for name in GPU_NAMES}
        assert len(project.client.get_metric_history(project.run.info.run_id, CPU)) == 1
        timeline = json.loads(load_text(f"{project.run.info.artifact_uri}/kedro/timeline.json"))
        for span in timeline["spans"]:
            used = span.get("usage", {})
            assert (span["kind"] == "run") == bool(used)
            if used:
                assert used["process_cpu_percentage"]["peak"] > 0
                assert used["gpu_0_utilization_percentage"] == {"mean": 87, "peak": 87}

    def test_a_run_that_fails(self, make_project: MakeProject) -> None:
        """A run that fails has its sample, too."""
        project = make(make_project, FAILING)
        with pytest.raises(ValueError, match="no"):
            project.session_run()
        assert project.run.info.status == "FAILED"
        assert logged(project) == NAMES

    def test_no_thread_is_left(self, make_project: MakeProject) -> None:
        """When the run has ended nothing samples any more."""
        make(make_project).session_run()
        assert [item for item in threading.enumerate() if "system metrics" in item.name] == []

    def test_off_by_default(self, make_project: MakeProject) -> None:
        """Without the key there are none."""
        project = make_project(NODES, parameters={"seconds": 0.01})
        project.session_run()
        assert logged(project) == set()

    def test_what_the_machine_does_not_tell(
        self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What cannot be read is left out, and takes nothing else with it."""
        import psutil

        monkeypatch.setattr(psutil, "net_io_counters", lambda: None)
        monkeypatch.setattr(psutil, "disk_usage", lambda _: 1 / 0)
        project = make(make_project)
        project.session_run()
        assert logged(project) == {name for name in NAMES if "cpu" in name or "memory" in name}


def test_samples_go_through_the_journal(tmp_path: Any) -> None:
    """A run that contacts no server keeps its samples with the rest."""
    config = parse({"tracking": {"mode": "offline"}, "system_metrics": {"interval": 0.1}})
    run = OwnRun.open(RunRequest(config=config, root=tmp_path))
    system_metrics.begin(run)
    time.sleep(0.25)
    run.end("FINISHED")
    (journal,) = (tmp_path / ".mlflow_on_kedro" / "journal").glob("*/*.jsonl")
    assert journal.read_text(encoding="utf-8").count(CPU) >= 2


def test_a_gpu_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The others are sampled, and it is again once it works; what is not supported is left out."""
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_NODE_ID", "node_0")
    card = Card(busy=NVMLError("Unknown Error"))
    install_nvidia(monkeypatch, tmp_path / "dev", card, Card(busy=NVMLError("Not Supported")))
    config = parse({"tracking": {"mode": "offline"}})
    run = OwnRun.open(RunRequest(config=config, root=tmp_path))
    sampler, meters = system_metrics.Sampler(run, 60.0), gpu_meters.find()
    for step in range(system_metrics.MOST_FAILURES + 1):
        sampler._log(meters, step)
        card.busy = 50
    run.end("FINISHED")
    (journal,) = (tmp_path / ".mlflow_on_kedro" / "journal").glob("*/*.jsonl")
    lines = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
    steps: dict[str, list[int]] = {}
    for line in lines:
        if line["kind"] == "metric":
            steps.setdefault(line["key"], []).append(line["step"])
    assert steps.pop("system/node_0/gpu_0_utilization_percentage") == [1, 2, 3]
    assert "system/node_0/gpu_1_power_usage_watts" in steps
    assert "system/node_0/gpu_1_utilization_percentage" not in steps
    assert [*steps.values()] == [[0, 1, 2, 3]] * 8


def test_it_is_cheap(tmp_path: Any) -> None:
    """A sample takes a few milliseconds of processor time."""
    config = parse({"tracking": {"mode": "offline"}})
    run = OwnRun.open(RunRequest(config=config, root=tmp_path))
    sampler = system_metrics.Sampler(run, 60.0)
    meters = [system_metrics._cpu(), system_metrics._memory(), system_metrics._disk()]
    begin = time.process_time()
    for step in range(20):
        sampler._log(meters, step)
    assert (time.process_time() - begin) / 20 < 0.01
    run.end("FINISHED")


class TestMistakes:
    """What is said before the pipeline runs."""

    def test_a_missing_package(
        self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without psutil one message says what to install, and no run is opened."""
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == "psutil" else find(name)
        )
        project = make(make_project)
        with pytest.raises(ConfigError, match="pip install psutil"):
            project.session_run()
        assert project.runs() == []

    @pytest.mark.parametrize("interval", [0, -1, 0.05])
    def test_an_interval_that_is_none(self, interval: float) -> None:
        """An interval below a tenth of a second is refused."""
        with pytest.raises(ConfigError, match=r"'system_metrics.interval' must be >= 0.1"):
            parse({"system_metrics": {"interval": interval}})

    def test_an_interval_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variable is checked before a run is opened, unless mlflow.yml has an interval."""
        monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "often")
        with pytest.raises(ConfigError, match="SAMPLING_INTERVAL must be a number of seconds"):
            observers.check(parse({"system_metrics": {"enabled": True}}))
        observers.check(parse({"system_metrics": {"enabled": True, "interval": 5}}))

    def test_the_interval_may_be_whole(self) -> None:
        """Seconds may be given without a point."""
        assert parse({"system_metrics": {"interval": 5}}).system_metrics.interval == 5.0


def test_nothing_is_imported_when_it_is_off(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without system metrics does not import the module that takes them."""
    project = make_project(NODES, parameters={"seconds": 0.01}, mlflow={"time": {"gantt": False}})
    monkeypatch.delattr(mlflow_on_kedro.observability, "system_metrics")
    monkeypatch.delitem(sys.modules, "mlflow_on_kedro.observability.system_metrics")
    project.session_run()
    assert "mlflow_on_kedro.observability.system_metrics" not in sys.modules
