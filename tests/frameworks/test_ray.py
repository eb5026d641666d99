"""RayRunner gives the same one run as Kedro's runners, on a local cluster and on any other."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro import RayRunner

from tests.project import test_runners as runners

pytest.importorskip("ray")

RUNNER = "--runner=mlflow_on_kedro.RayRunner"
PLUGIN = Path(__file__).parents[2] / "plugin_src"
METRIC = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"}

pytestmark = [
    pytest.mark.frameworks,
    # Ray warns about itself.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(autouse=True)
def _no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray reports nothing to its makers, and keeps no token in the home folder."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")


@contextmanager
def ray_node(*words: str, cwd: Path) -> Iterator[None]:
    """One node of a cluster, with one worker, in a folder of its own where no Python path leads."""
    cwd.mkdir()
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    options = "--block --num-cpus=1 --object-store-memory=100000000 --disable-usage-stats"
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", *options.split(), *words]
    with (cwd / "log.txt").open("w") as log:
        started = subprocess.Popen(command, cwd=cwd, env=env, stdout=log, stderr=log)
        try:
            yield
        finally:
            started.terminate()
            started.wait(60)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """The address of a cluster of two nodes, each of processes of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    with ExitStack() as stack:
        head = ("--head", f"--port={port}", "--include-dashboard=false")
        stack.enter_context(ray_node(*head, cwd=tmp_path / "head"))
        deadline = time.monotonic() + 60
        while "Ray runtime started" not in (tmp_path / "head/log.txt").read_text():
            assert time.monotonic() < deadline, (tmp_path / "head/log.txt").read_text()
            time.sleep(0.2)
        stack.enter_context(ray_node(f"--address={address}", cwd=tmp_path / "other"))
        yield address


def words_of(done: subprocess.CompletedProcess[str]) -> str:
    """What a command has said, wherever its lines are broken."""
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


def test_local_cluster(make_project: Any) -> None:
    """``kedro run`` with a local cluster gives one complete FINISHED run."""
    catalog = runners.CATALOG | runners.INPUT
    project = make_project(runners.NODES, catalog=catalog, parameters=runners.PARAMETERS)
    project.write("data/wines.csv", "alcohol\n12.5\n")
    done = project.kedro("run", RUNNER)
    said = words_of(done)
    assert done.returncode == 0, said
    runners.check(project)
    assert project.run.data.tags["kedro_command"] == f"kedro run {RUNNER}"
    assert "local Ray cluster with 2 worker processes" in said
    assert "Started a local Ray instance" not in said  # Ray's own chatter


MEETING = """
import os
import time
from pathlib import Path

from kedro.pipeline import node, pipeline

PLACE = Path({place!r})

def make(name):
    # Both nodes run at once, so each is in a process of its own.
    (PLACE / name).write_text(str(os.getpid()))
    deadline = time.monotonic() + 60
    while len(list(PLACE.iterdir())) < 2:
        assert time.monotonic() < deadline, "the other node does not come"
        time.sleep(0.02)
    return len(name) + 0.5, {{"made by": name}}, object()

def read(metric, other, by_a, by_b):
    assert (metric, other) == (1.5, 1.5)
    assert (by_a, by_b) == ({{"made by": "a"}}, {{"made by": "b"}})
    return __file__

def create_pipeline():
    return pipeline([
        node(lambda: make("a"), None, ["metric_a", "by_a", "free"], name="make_a"),
        node(lambda: make("b"), None, ["metric_b", "by_b", "as_free"], name="make_b"),
        node(read, ["metric_a", "metric_b", "by_a", "by_b"], "module", name="read"),
    ])
"""


def test_existing_cluster(make_project: Any, cluster: str, tmp_path: Path) -> None:
    """Its workers get the project's code; values in memory go from one worker to another."""
    place = tmp_path / "meeting"
    place.mkdir()
    catalog = {"metric_a": METRIC, "metric_b": METRIC, "module": {**METRIC, "dataset": "p"}}
    project = make_project(MEETING.format(place=str(place)), catalog=catalog)
    done = project.kedro("run", RUNNER, env={"RAY_ADDRESS": cluster})
    assert done.returncode == 0, words_of(done)
    pids = {path.read_text() for path in place.iterdir()}
    assert len(pids - {str(os.getpid())}) == 2
    run = project.run
    assert "py_modules" in run.data.params["module"]
    assert run.info.status == "FINISHED"
    assert {run.data.metrics[f"metric_{name}"] for name in "ab"} == {1.5}
    assert {f"system/time/{name}" for name in ("make_a", "make_b", "read")} < set(run.data.metrics)


def connect(project: Any) -> None:
    """Start a cluster whose workers have the code, as one may before the runner does."""
    import ray

    code = os.pathsep.join([str(PLUGIN), str(project.root / "src")])
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": code}},
    )


FAILING = """
import os
from pathlib import Path

from kedro.pipeline import node, pipeline

class Refused(Exception):
    def __init__(self, what):
        super().__init__(what)

class Unusual(Exception):
    def __init__(self, what, why):
        super().__init__(f"{{what}}: {{why}}")

def first():
    return 1

def dies_once(one):
    mark = Path({mark!r})
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return one + 1

def fail(two, how):
    if how == "exit":
        raise SystemExit(3)
    raise Refused("no reason") if how == "refused" else Unusual("no", "reason")

def create_pipeline():
    return pipeline([
        node(first, None, "one", name="first"),
        node(dies_once, "one", "two", name="dies_once"),
        node(fail, ["two", "params:how"], None, name="fail"),
    ])
"""


def test_failures(make_project: Any, tmp_path: Path) -> None:
    """A worker that dies is replaced; a node's own exception is that of the session and the run."""
    import ray

    project = make_project(
        FAILING.format(mark=str(tmp_path / "mark")), catalog={"two": METRIC}, parameters={"how": ""}
    )
    connect(project)
    try:
        for how, name, said in (
            ("refused", "Refused", "no reason"),
            ("unusual", "RuntimeError", "Unusual: no: reason"),
            ("exit", "RuntimeError", r"'fail' wanted to end its process: SystemExit\(3\)"),
        ):
            project.write("conf/base/parameters.yml", f"how: {how}")
            with pytest.raises(Exception, match=said) as caught:
                project.session_run(runner=RayRunner())
            assert type(caught.value).__name__ == name
            run = project.runs()[0]
            assert (run.info.status, run.data.metrics["two"]) == ("FAILED", 2)
            assert run.data.tags["error"].startswith(name)
            path = project.client.download_artifacts(run.info.run_id, "error/traceback.txt")
            assert "in fail" in Path(path).read_text()
        assert ray.is_initialized()  # it was connected before the runs
    finally:
        ray.shutdown()


def test_wrong_task_options() -> None:
    """Options that are not by node are refused before anything runs."""
    with pytest.raises(ValueError, match=r"by node, such as .*, not \{'num_gpus': 1\}"):
        RayRunner(task_options={"num_gpus": 1})  # type: ignore[dict-item]


def test_task_options(make_project: Any) -> None:
    """A node's options are those of its Ray task, on a local cluster as well, in a namespace."""
    nodes = """
from kedro.pipeline import node, pipeline

def given():
    import ray

    return float(ray.get_runtime_context().get_assigned_resources()["CPU"])

def create_pipeline():
    return pipeline([node(given, None, "cpus", name="given")], namespace="uk", outputs={"cpus"})
"""
    project = make_project(nodes, catalog={"cpus": METRIC})
    import ray

    connect(project)
    try:
        project.session_run(runner=RayRunner(task_options={"uk.given": {"num_cpus": 2}}))
    finally:
        ray.shutdown()
    assert project.run.data.metrics["cpus"] == 2
    asked = "--runner-params=task_options.uk.given"
    done = project.kedro("run", RUNNER, f"{asked}.num_cpus=3")
    assert done.returncode == 0, words_of(done)
    assert project.runs()[0].data.metrics["cpus"] == 3
    done = project.kedro("run", RUNNER, f"{asked}.num_gpus=1000")
    assert done.returncode == 1
    assert "Node 'uk.given' asks for 1000 GPU in `task_options`" in words_of(done)
    assert project.runs()[0].info.status == "FAILED"
