"""DaskRunner on several hosts: network namespaces with folders of their own, and hosts that die."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.project import test_dask as dask

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

meeting = dask.meeting
PLUGIN = Path(__file__).parents[2] / "plugin_src"
NUMBER = os.getpid() % 250  # no other process that tests uses these addresses
METRIC = {"type": dask.MLFLOW, "dataset": "m"}


IP = shutil.which("ip") or ""


def ip(words: str) -> None:
    """Call ``ip``."""
    subprocess.run([IP, *words.split()], check=True, capture_output=True)


@pytest.fixture
def network() -> Iterator[str]:
    """The addresses of this host, 1, and of three others, 2 to 4, but for their last number."""
    if sys.platform != "linux" or os.geteuid() != 0 or not IP:
        pytest.skip("only root can make network namespaces, on Linux")
    bridge, addresses = f"kd{NUMBER}", f"10.213.{NUMBER}"
    with ExitStack() as stack:
        try:
            ip(f"link add {bridge} type bridge")
            stack.callback(ip, f"link del {bridge}")
            ip(f"addr add {addresses}.1/24 dev {bridge}")
            ip(f"link set {bridge} up")
            for host in (2, 3, 4):
                name = f"{bridge}-{host}"
                ip(f"netns add {name}")
                stack.callback(ip, f"netns del {name}")
                ip(f"link add {name} type veth peer name eth0 netns {name}")
                # At once: the end of a namespace removes it some time later.
                stack.callback(ip, f"link del {name}")
                ip(f"link set {name} master {bridge} up")
                ip(f"-n {name} addr add {addresses}.{host}/24 dev eth0")
                ip(f"-n {name} link set eth0 up")
                ip(f"-n {name} link set lo up")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine has no network namespaces: {error.stderr!r}")
        yield addresses


@dataclass
class Hosts:
    """A scheduler and two workers, each on a host that does not have the project's folder.

    Attributes:
        address: The scheduler's address.
        scheduler: Its process.
        workers: The workers' processes, by host.
    """

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: dict[int, subprocess.Popen[bytes]]


@contextmanager
def hosts(network: str, folder: Path, project: Path) -> Iterator[Hosts]:
    """Start Dask on the hosts of a network.

    Args:
        network: See the fixture.
        folder: A new folder for what they write.
        project: The project's folder, which they see empty.
    """
    folder.mkdir()
    (folder / "nothing").mkdir()
    address = f"tcp://{network}.2:8786"
    words = f"worker {address} --nthreads 1 --no-nanny --no-dashboard --local-directory . --host"
    options = {2: "scheduler --port 8786 --no-dashboard"}
    options |= {host: f"{words} {network}.{host}" for host in (3, 4)}
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    started: dict[int, subprocess.Popen[bytes]] = {}
    hide = f'mount --bind "{folder}/nothing" "{project}" && exec "$@"'
    try:
        for host, given in options.items():
            (folder / str(host)).mkdir()
            module, *rest = given.split()
            command = [sys.executable, "-m", f"distributed.cli.dask_{module}", *rest]
            with (folder / str(host) / "log.txt").open("w") as log:
                started[host] = subprocess.Popen(
                    [IP, "netns", "exec", f"kd{NUMBER}-{host}", "sh", "-c", hide, "sh", *command],
                    cwd=folder / str(host),
                    env=env,
                    stdout=log,
                    stderr=log,
                )
        from distributed import Client

        with Client(address, set_as_default=False, timeout=200) as client:
            client.wait_for_workers(2, timeout=200)
        yield Hosts(address, started[2], {3: started[3], 4: started[4]})
    finally:
        for process in started.values():
            process.kill()
            process.wait(20)


def test_values_from_another_host(network: str, meeting: Any, tmp_path: Path) -> None:
    """Values of every kind are made on each of two hosts, and loaded on both: one run."""
    with hosts(network, tmp_path / "hosts", meeting.root) as cluster:
        meeting.session_run(runner=dask.dask_runner(cluster.address))
    dask.check_meeting(tmp_path / "meeting")


VERSION = "2026-01-01T00.00.00.000Z"
KILLED = """
import os
import time
from pathlib import Path

from kedro.pipeline import node, pipeline

PLACE = Path({place!r})

def make(size, wines):
    (PLACE / "made").open("a").write("x")
    return [1] * size, size + 0.5

def wait(values):
    (PLACE / f"waits {{os.getpid()}}").touch()
    while not (PLACE / "go").exists():
        time.sleep(0.05)
    return sum(values) + 0.0

def create_pipeline():
    return pipeline([
        node(make, ["params:size", "wines"], ["values", "first"], name="make"),
        node(wait, "values", "second", name="wait"),
    ])
"""


@pytest.fixture
def killed(make_project: Callable[..., Any], tmp_path: Path) -> Any:
    """A project whose second node waits on a host for a file."""
    place, store = tmp_path / "place", tmp_path / "server"
    place.mkdir()
    store.mkdir()
    wines = place / "wines.txt" / VERSION / "wines.txt"
    wines.parent.mkdir(parents=True)
    wines.write_text("red")
    versioned = {"type": "text.TextDataset", "versioned": True}
    project = make_project(
        KILLED.format(place=str(place)),
        catalog={
            "wines": {**versioned, "filepath": str(place / "wines.txt")},
            "first": METRIC,
            "second": METRIC,
        },
        parameters={"size": 3},
        mlflow={
            "tracking": {"uri": f"sqlite:///{store / 'mlflow.db'}", "on_failure": "warn"},
            "experiment": {"artifact_location": (store / "artifacts").as_uri()},
            "provenance": {"enabled": True, "packages": False, "code": False},
        },
    )
    shutil.move(project.root / "mlflow.db", store / "mlflow.db")
    return project


@contextmanager
def run_of(project: Any, address: str) -> Iterator[subprocess.Popen[str]]:
    """Run the project in a process of its own, until its second node waits."""
    env = {**os.environ, "PYTHONPATH": str(PLUGIN), "COLUMNS": "200"}
    command = [sys.executable, "-m", "kedro", "run", dask.RUNNER]
    with subprocess.Popen(
        command,
        cwd=project.root,
        env={**env, "DASK_SCHEDULER_ADDRESS": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_it_waits(place: Path, process: subprocess.Popen[str], beside: set[int]) -> int:
    """Return the process in which the second node runs, once it is another one."""
    deadline = time.monotonic() + 300
    while True:
        found = {int(path.name.split()[1]) for path in place.glob("waits *")} - beside
        if found:
            return found.pop()
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the second node does not begin"
        time.sleep(0.05)


def end_of(process: subprocess.Popen[str]) -> str:
    """What a run has said, whole, once it has ended."""
    return " ".join(process.communicate(timeout=400)[0].split())


def run_and_metrics(client: Any, experiment: str) -> tuple[Any, dict[str, int]]:
    """The only run, and how many points each of the nodes' metrics has."""
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    history = client.get_metric_history
    return run, {
        key: len(history(run.info.run_id, key))
        for key in ("first", "second")
        if key in run.data.metrics
    }


def test_a_host_that_dies(
    network: str, killed: Any, tmp_path: Path, client_of: Callable[[str], Any]
) -> None:
    """Its node, and what it had in memory, are made again elsewhere, and the run is FINISHED."""
    place = tmp_path / "place"
    with (
        hosts(network, tmp_path / "hosts", killed.root) as cluster,
        run_of(killed, cluster.address) as process,
    ):
        pid = wait_until_it_waits(place, process, set())
        (worker,) = (one for one in cluster.workers.values() if one.pid == pid)
        worker.kill()
        wait_until_it_waits(place, process, {pid})
        (place / "go").touch()
        said = end_of(process)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    run, points = run_and_metrics(client_of(killed_store(tmp_path)), killed.package)
    assert (run.info.status, run.data.metrics["second"]) == ("FINISHED", 3)
    assert points["second"] == 1
    assert json.loads(run.data.tags["mlflow.kedro.loaded.wines"]) == {"version": VERSION}


def test_a_scheduler_that_dies(
    network: str, killed: Any, tmp_path: Path, client_of: Callable[[str], Any]
) -> None:
    """The run ends at once as FAILED, says why, and has what the finished nodes have logged."""
    place = tmp_path / "place"
    with (
        hosts(network, tmp_path / "hosts", killed.root) as cluster,
        run_of(killed, cluster.address) as process,
    ):
        wait_until_it_waits(place, process, set())
        cluster.scheduler.kill()
        begin = time.monotonic()
        said = end_of(process)
        seconds = time.monotonic() - begin
    assert process.returncode == 1
    assert seconds < 20  # Dask tries to connect again for 30
    assert f"connection to the Dask scheduler at {cluster.address} was lost while node" in said
    assert "distributed.client" not in said
    assert "Failed to reconnect" not in said
    run, points = run_and_metrics(client_of(killed_store(tmp_path)), killed.package)
    assert (run.info.status, points) == ("FAILED", {"first": 1})
    assert run.data.tags["error"].startswith("RuntimeError: The connection to the Dask scheduler")


def killed_store(tmp_path: Path) -> str:
    """The tracking URI of the project that is killed."""
    return f"sqlite:///{tmp_path / 'server' / 'mlflow.db'}"
