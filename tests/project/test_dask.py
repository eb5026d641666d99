"""DaskRunner gives the same one run as Kedro's runners, on a local cluster and on any other."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

pytest.importorskip("distributed")

RUNNER = "--runner=mlflow_on_kedro.DaskRunner"
MLFLOW = "mlflow_on_kedro.MLflowDataset"
HAS_TRACES = Version(mlflow.__version__).release[:2] >= LEAST_MLFLOW


def load_module(name: str) -> Any:
    """A test module beside this one: tests are no packages."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


runners = load_module("test_runners")


# -- clusters ----------------------------------------------------------------------------------


@contextmanager
def process(*words: str, cwd: Path) -> Iterator[None]:
    """A program that runs for the length of a block, in a folder where no Python path leads."""
    cwd.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (
        (cwd / "log.txt").open("w") as log,
        subprocess.Popen(words, cwd=cwd, env=env, stdout=log, stderr=subprocess.STDOUT) as started,
    ):
        try:
            yield
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()


def worker_words(file: Path) -> list[str]:
    """The command of a worker with one thread."""
    options = "--nthreads 1 --no-nanny --no-dashboard --host 127.0.0.1 --local-directory ."
    module = "distributed.cli.dask_worker"
    return [sys.executable, "-m", module, "--scheduler-file", str(file), *options.split()]


@contextmanager
def cluster(folder: Path, *workers: list[str]) -> Iterator[str]:
    """A scheduler and workers, each in a folder of its own; gives the scheduler's address."""
    from distributed import Client

    file = folder / "scheduler.json"
    options = "--port 0 --no-dashboard --host 127.0.0.1 --scheduler-file"
    module = "distributed.cli.dask_scheduler"
    with ExitStack() as stack:
        words = [sys.executable, "-m", module, *options.split(), str(file)]
        stack.enter_context(process(*words, cwd=folder / "scheduler"))
        wait_for(file)
        for number, before in enumerate(workers):
            started = process(*before, *worker_words(file), cwd=folder / f"worker_{number}")
            stack.enter_context(started)
        address = str(json.loads(file.read_text())["address"])
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(len(workers), timeout=60)
        yield address


def wait_for(file: Path, seconds: float = 60) -> None:
    """Wait until a file has content."""
    deadline = time.monotonic() + seconds
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline, f"no {file.name}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a cluster with two workers that know nothing of any project."""
    with cluster(tmp_path_factory.mktemp("cluster"), [], []) as address:
        yield address


def dask_runner(*args: Any, **named: Any) -> Any:
    """A runner, in this process."""
    from mlflow_on_kedro import DaskRunner

    return DaskRunner(*args, **named)


def words_of(done: subprocess.CompletedProcess[str]) -> str:
    """What a command has said, wherever its lines are broken."""
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


# -- the same run as with Kedro's runners ------------------------------------------------------


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project with an MLflow dataset of every kind, and a node that calls MLflow."""
    catalog = runners.CATALOG | runners.INPUT
    made = make_project(runners.NODES, catalog=catalog, parameters=runners.PARAMETERS)
    made.write("data/wines.csv", "alcohol\n12.5\n")
    return made


@pytest.mark.parametrize(
    "is_async", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["sync", "async"]
)
def test_local_cluster(project: Any, is_async: bool) -> None:
    """``kedro run`` with a local cluster gives one complete FINISHED run."""
    done = project.kedro("run", RUNNER, *["--async"] * is_async)
    assert done.returncode == 0, done.stdout + done.stderr
    runners.check(project)
    said = words_of(done)
    assert "local Dask cluster with 2 worker processes" in said
    assert "Registering Worker" not in said  # Dask's own chatter


@pytest.mark.slow
def test_existing_cluster(project: Any, two_workers: str) -> None:
    """``DASK_SCHEDULER_ADDRESS`` leads to a cluster whose workers know nothing of the project."""
    done = project.kedro("run", RUNNER, env={"DASK_SCHEDULER_ADDRESS": two_workers})
    assert done.returncode == 0, done.stdout + done.stderr
    assert two_workers in words_of(done)
    runners.check(project)


def test_the_command_that_repeats_the_run(project: Any, two_workers: str) -> None:
    """The tag ``kedro_command`` names the runner as ``kedro run`` takes it."""
    project.session_run(runner=dask_runner(two_workers))
    runners.check(project)
    command = project.run.data.tags["kedro_command"].split()
    again = project.kedro(*command[1:], env={"DASK_SCHEDULER_ADDRESS": two_workers})
    assert again.returncode == 0, again.stdout + again.stderr
    assert [run.info.status for run in project.runs()] == ["FINISHED", "FINISHED"]


# -- data between workers ----------------------------------------------------------------------

MEETING = """
import os
import time
from pathlib import Path

import pandas as pd
from kedro.pipeline import node, pipeline

PLACE = Path({place!r})

def meet(name):
    # Both nodes of a layer run at once, so they are on different workers.
    (PLACE / f"{{name}}_{{os.getpid()}}").touch()
    deadline = time.monotonic() + 20
    while len(list(PLACE.glob(f"{{name[:-1]}}*"))) < 2:
        assert time.monotonic() < deadline, "the other node does not come"
        time.sleep(0.02)

def make(name):
    meet(f"make_{{name}}")
    n = {{"a": 1, "b": 2}}[name]
    frame = pd.DataFrame({{"x": [n, n]}})
    return n / 2, f"text {{n}}", {{"depth": n}}, frame, {{"key": n}}, [n, name], frame

def make_a():
    return make("a")

def make_b():
    return make("b")

def read(name, *values):
    meet(f"read_{{name}}")
    for n, found in ((1, values[:7]), (2, values[7:])):
        metric, param, by_type, frame, content, pickled, parquet = found
        assert (metric, param, by_type) == (n / 2, f"text {{n}}", {{"depth": n}}), found
        assert (content, pickled) == ({{"key": n}}, [n, "ab"[n - 1]]), found
        assert list(frame["x"]) == list(parquet["x"]) == [n, n], found
    return "read"

def read_a(*values):
    return read("a", *values)

def read_b(*values):
    return read("b", *values)

def names(which):
    return [f"{{which}}_{{kind}}" for kind in {kinds!r}]

def create_pipeline():
    return pipeline([
        node(make_a, None, names("a")),
        node(make_b, None, names("b")),
        node(read_a, names("a") + names("b"), "by_a"),
        node(read_b, names("a") + names("b"), "by_b"),
    ])
"""
KINDS = {"metric": "m", "param": "p", "by_type": "a", "frame": "csv", "content": "json"}
KINDS |= {"pickled": "pkl", "parquet": "parquet"}


@pytest.fixture
def meeting(make_project: Any, tmp_path: Path) -> Any:
    """A project whose values of every kind are made on each of two workers, and read on both."""
    place, store = tmp_path / "meeting", tmp_path / "server"
    place.mkdir()
    store.mkdir()
    catalog = {
        f"{which}_{kind}": {"type": MLFLOW, "dataset": dataset}
        for which in "ab"
        for kind, dataset in KINDS.items()
    }
    uri = f"sqlite:///{(store / 'mlflow.db').as_posix()}"
    mlflow = {
        "tracking": {"uri": uri, "on_failure": "raise"},
        "experiment": {"artifact_location": (store / "artifacts").as_uri()},
    }
    nodes = MEETING.format(place=str(place), kinds=list(KINDS))
    project = make_project(nodes, catalog=catalog, mlflow=mlflow)
    shutil.move(project.root / "mlflow.db", store / "mlflow.db")
    return project


def check_meeting(place: Path) -> None:
    """Both layers have run on the same two processes, neither of them this one."""
    layers = [
        {path.name.rpartition("_")[2] for path in place.glob(f"{layer}*")}
        for layer in ("make", "read")
    ]
    assert len(layers[0]) == 2
    assert layers[0] == layers[1]
    assert str(os.getpid()) not in layers[0]


def check_trace(client: Any, experiment: str) -> None:
    """The trace has the nodes of the other host, with what they loaded and saved."""
    found = client.get_experiment_by_name(experiment)
    (trace,) = client.search_traces([found.experiment_id])
    nodes = {
        span.name.split("__")[0]: span for span in trace.data.spans if span.span_type == "CHAIN"
    }
    assert set(nodes) == {"make_a", "make_b", "read_a", "read_b"}
    made = [f"a_{kind}" for kind in KINDS]
    assert nodes["make_a"].outputs == {"datasets": sorted(made)}
    assert set(made) < set(nodes["read_b"].inputs["datasets"])


def check_usage(client: Any, experiment: str) -> None:
    """The timeline has what the nodes of the other host used."""
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/kedro/timeline.json")
    nodes = [span for span in json.loads(text)["spans"] if span["kind"] == "run"]
    assert len(nodes) == 4
    assert all(span["usage"]["process_memory_megabytes"]["peak"] > 1 for span in nodes)


def test_values_from_another_worker(meeting: Any, two_workers: str, tmp_path: Path) -> None:
    """MLflow datasets of each kind are loaded on another worker than the one that saved them."""
    meeting.session_run(runner=dask_runner(two_workers))
    check_meeting(tmp_path / "meeting")


@pytest.mark.parametrize(
    "stale", [pytest.param(False, marks=pytest.mark.slow), True], ids=["no files", "stale files"]
)
def test_another_host(meeting: Any, stale: bool, tmp_path: Path, client_of: Any) -> None:
    """Where the project's folder is another host's, values come from MLflow, not from old files."""
    there = tmp_path / "another_host"
    there.mkdir()
    for name in meeting.context().catalog.keys() if stale else ():
        suffix = {"frame": "csv", "content": "json", "parquet": "parquet"}.get(name[2:], "pkl")
        (there / "data/mlflow").mkdir(parents=True, exist_ok=True)
        (there / "data/mlflow" / f"{name}.{suffix}").write_bytes(b"stale")
    hidden = f'mount --bind "{there}" "{meeting.root}" && exec "$@"'
    elsewhere = ["unshare", "-rm", "sh", "-c", hidden, "sh"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*elsewhere, "true"], check=False).returncode
    ):
        pytest.skip("this machine lets no one hide a folder from a process")
    with cluster(tmp_path / "cluster", [], elsewhere) as address:
        meeting.session_run(
            runner=dask_runner(address),
            runtime_params={"mlflow": {"trace": HAS_TRACES, "system_metrics": {"enabled": True}}},
        )
    check_meeting(tmp_path / "meeting")
    store = f"sqlite:///{(tmp_path / 'server' / 'mlflow.db').as_posix()}"
    check_usage(client_of(store), meeting.package)
    if HAS_TRACES:
        check_trace(client_of(store), meeting.package)


TRAVEL = """
import os
import time
from pathlib import Path

from kedro.pipeline import node, pipeline

LOG = Path({log!r})

class Value:
    def __init__(self, name):
        self.name = name

    def __setstate__(self, state):
        self.__dict__.update(state)
        with LOG.open("a") as log:
            log.write(f"{{self.name}} {{os.getpid()}}\\n")

def first():
    return Value("dropped"), Value("kept")

def second(value):
    return value.name, Value("also kept")

def third(name):
    import distributed

    # The node before this one was the last to need it.
    deadline = time.monotonic() + 60
    while any(
        key.startswith("dropped") and workers
        for key, workers in distributed.get_client().who_has().items()
    ):
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.05)
    return name

def create_pipeline():
    return pipeline([
        node(first, None, ["dropped", "kept"]),
        node(second, "dropped", ["name", "also_kept"]),
        node(third, "name", "last"),
    ])
"""


def test_values_in_memory(make_project: Any, two_workers: str, tmp_path: Path) -> None:
    """They stay on the cluster until no node needs them; only free outputs come to the client."""
    log = tmp_path / "log.txt"
    in_memory = {"name": {"type": MLFLOW}}
    project = make_project(TRAVEL.format(log=str(log)), catalog=in_memory)
    given = project.session_run(runner=dask_runner(two_workers))
    arrived = {tuple(line.rsplit(" ", 1)) for line in log.read_text().splitlines()}
    here = {name for name, pid in arrived if pid == str(os.getpid())}
    assert here == {"kept", "also kept"}
    assert set(given) == {"kept", "also_kept", "last"}
    assert given["last"].load() == "dropped"
    assert given["kept"].load().name == "kept"


def test_nothing_is_left_on_the_cluster(project: Any, two_workers: str) -> None:
    """After the run the cluster holds none of its values, tasks or plugins."""
    from distributed import Client

    project.session_run(runner=dask_runner(two_workers))
    with Client(two_workers, set_as_default=False) as client:
        deadline = time.monotonic() + 30
        while client.who_has():
            assert time.monotonic() < deadline, client.who_has()
            time.sleep(0.05)
        plugins = client.run(lambda dask_worker: sorted(dask_worker.plugins))
    assert not [name for names in plugins.values() for name in names if "mlflow" in name]


# -- nodes of all kinds ------------------------------------------------------------------------

KINDS_OF_NODES = """
from kedro.pipeline import node, pipeline

def chunks(n):
    for i in range(n):
        yield [i], i * 0.5

def nothing():
    yield from ()

def create_pipeline():
    return pipeline([
        node(chunks, "params:n", ["chunk", "score"], name="chunks"),
        node(lambda chunk: {"last": chunk[0]}, "chunk", "found", name="closure"),
        node(nothing, None, "never", name="nothing"),
        node(lambda found: None, "found", None, name="no_output"),
    ])
"""


def test_generators_and_lambdas(make_project: Any, two_workers: str) -> None:
    """A generator node's last chunk reaches the next node, and a node may be a lambda."""
    catalog = {"score": {"type": MLFLOW, "dataset": "m"}}
    project = make_project(KINDS_OF_NODES, catalog=catalog, parameters={"n": 3})
    project.session_run(runner=dask_runner(two_workers))
    run = project.run
    assert run.info.status == "FINISHED"
    assert run.data.metrics["found.last"] == 2
    points = project.client.get_metric_history(run.info.run_id, "score")
    assert sorted(point.value for point in points) == [0, 0.5, 1.0]
    assert {name for name in run.data.metrics if name.startswith("system/time/")} == {
        f"system/time/{name}" for name in ("chunks", "closure", "nothing", "no_output", "pipeline")
    }


HOOKED = """
import os
from pathlib import Path

from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks

class Own:
    @hook_impl
    def after_node_run(self, node):
        with Path({log!r}).open("a") as log:
            log.write(f"{{node.name}} {{os.getpid()}}\\n")

HOOKS = (*mlflow_hooks(), Own())
"""
ONE_NODE = """
from kedro.pipeline import node, pipeline

def say():
    return {said!r}

def repeat(said):
    return said

def create_pipeline():
    return pipeline([
        node(say, None, "said", name="say"),
        node(repeat, "said", "again", name="repeat"),
    ])
"""


def test_the_projects_hooks(make_project: Any, two_workers: str, tmp_path: Path) -> None:
    """Node hooks of settings.py are called in the workers, once a node."""
    log = tmp_path / "log.txt"
    settings = HOOKED.format(log=str(log))
    project = make_project(ONE_NODE.format(said="x"), settings=settings)
    project.session_run(runner=dask_runner(two_workers))
    calls = [line.split() for line in log.read_text().splitlines()]
    assert [name for name, _ in calls] == ["say", "repeat"]
    assert str(os.getpid()) not in {pid for _, pid in calls}


@pytest.mark.slow
def test_changed_code(make_project: Any, two_workers: str) -> None:
    """A worker that has run the project before runs its code of today."""
    project = make_project(ONE_NODE.format(said="before"))
    for said in ("before", "after", "before"):
        project.write(f"src/{project.package}/nodes.py", ONE_NODE.format(said=said))
        done = project.kedro("run", RUNNER, env={"DASK_SCHEDULER_ADDRESS": two_workers})
        assert done.returncode == 0, done.stdout + done.stderr
    assert [run.data.params["again"] for run in project.runs()] == ["before", "after", "before"]


# -- part of a pipeline, and failures ----------------------------------------------------------

STEPS = """
from kedro.pipeline import node, pipeline

class Refused(Exception):
    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")
        self.why = why

def one():
    return 1

def two(first):
    return first + 1

def three(second, fails):
    if fails == "exit":
        raise SystemExit(3)
    if fails:
        raise Refused("three", fails)
    return second + 1

def create_pipeline():
    return pipeline([
        node(one, None, "first", name="one"),
        node(two, "first", "second", name="two"),
        node(three, ["second", "params:fails"], "third", name="three"),
    ])
"""
STEPS_CATALOG = {name: {"type": MLFLOW, "dataset": "m"} for name in ("first", "second", "third")}


def steps(make_project: Any, fails: Any = None) -> Any:
    """A project of three nodes; the last may fail."""
    return make_project(STEPS, catalog=STEPS_CATALOG, parameters={"fails": fails or False})


def test_a_failing_node(make_project: Any) -> None:
    """The run is FAILED with the node's own error, and Kedro says how to resume."""
    project = steps(make_project, "no reason")
    done = project.kedro("run", RUNNER)
    assert done.returncode == 1
    assert '--from-nodes "three"' in words_of(done)
    run = project.run
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "Refused: three: no reason"
    assert run.data.tags["kedro.failed_node"] == "three"
    assert (run.data.metrics["second"], "third" in run.data.metrics) == (2, False)
    path = project.client.download_artifacts(run.info.run_id, "error/traceback.txt")
    assert 'raise Refused("three", fails)' in Path(path).read_text()


def test_the_nodes_own_exception(make_project: Any, two_workers: str) -> None:
    """The session gets the exception as the node raised it."""
    project = steps(make_project, "no reason")
    with pytest.raises(Exception, match="three: no reason") as caught:
        project.session_run(runner=dask_runner(two_workers))
    assert (type(caught.value).__name__, caught.value.why) == ("Refused", "no reason")  # type: ignore[attr-defined]


def test_a_node_that_exits(make_project: Any, two_workers: str) -> None:
    """A node that calls ``sys.exit`` fails the run, and leaves the worker alive."""
    project = steps(make_project, "exit")
    with pytest.raises(RuntimeError, match=r"'three' wanted to end its process: SystemExit\(3\)"):
        project.session_run(runner=dask_runner(two_workers))
    assert project.run.info.status == "FAILED"
    assert project.run.data.tags["kedro.failed_node"] == "three"


DYING = """
import os
from pathlib import Path

from kedro.pipeline import node, pipeline

def first():
    return 1

def dies_once(first):
    mark = Path({mark!r})
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return first + 1

def create_pipeline():
    return pipeline([node(first, None, "one"), node(dies_once, "one", "two", name="dies_once")])
"""


@pytest.mark.slow
def test_a_worker_that_dies(make_project: Any, tmp_path: Path) -> None:
    """Dask runs its node again, and the run ends FINISHED with each value once."""
    project = make_project(DYING.format(mark=str(tmp_path / "mark")))
    done = project.kedro("run", RUNNER)
    assert done.returncode == 0, done.stdout + done.stderr
    run = project.run
    assert (run.info.status, run.data.metrics["two"]) == ("FINISHED", 2)
    assert len(project.client.get_metric_history(run.info.run_id, "system/time/dies_once")) == 1


def test_part_of_a_pipeline(make_project: Any, two_workers: str) -> None:
    """``from_nodes`` goes on from earlier runs; ``only_missing_outputs`` runs what is missing."""
    project = steps(make_project)
    project.session_run(runner=dask_runner(two_workers), to_nodes=["two"])
    project.session_run(runner=dask_runner(two_workers), from_nodes=["three"])
    assert project.runs()[0].data.metrics["third"] == 3
    (project.root / "data/mlflow/third.pkl").unlink()
    for nodes in ({"three"}, set()):
        project.session_run(runner=dask_runner(two_workers), only_missing_outputs=True)
        newest = project.runs()[0]
        assert newest.info.status == "FINISHED"
        assert {name for name in newest.data.metrics if name.startswith("system/time/")} == {
            f"system/time/{name}" for name in (*nodes, "pipeline")
        }


def test_what_cannot_be_sent(make_project: Any) -> None:
    """A dataset that cannot be pickled is named before any node runs."""
    from kedro.io import DatasetError

    settings = """
import threading

from kedro.framework.hooks import hook_impl
from kedro.io import MemoryDataset
from mlflow_on_kedro import mlflow_hooks

class Own:
    @hook_impl
    def after_catalog_created(self, catalog):
        catalog["first"] = MemoryDataset()
        catalog["first"].lock = threading.Lock()

HOOKS = (*mlflow_hooks(), Own())
"""
    project = make_project(STEPS, parameters={"fails": False}, settings=settings)
    with pytest.raises(DatasetError, match="workers: first cannot be pickled"):
        project.session_run(runner=dask_runner())
    assert project.run.info.status == "FAILED"


def test_a_node_that_cannot_be_sent() -> None:
    """A node whose function cannot be pickled is named."""
    import threading

    from kedro.io import DataCatalog, MemoryDataset
    from kedro.pipeline import node, pipeline
    from kedro.runner.task import Task
    from mlflow_on_kedro.clusters.executor import NodeExecutor

    lock = threading.Lock()
    train = node(lambda: (lock, 1), None, "model", name="train")
    catalog: Any = DataCatalog({"model": MemoryDataset()})
    cluster: Any = None  # nothing gets that far
    executor = NodeExecutor(cluster, pipeline([train]), catalog, b"", None)
    with pytest.raises(MLflowOnKedroError, match=r"'train' .* cannot be pickled \(TypeError"):
        executor.submit(Task(train, catalog, is_async=False, parallel=True))


def test_a_cluster_that_is_not_there(make_project: Any) -> None:
    """An address where no scheduler answers fails the run."""
    import dask

    project = steps(make_project)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(OSError, match=r"127\.0\.0\.1:9"),
    ):
        project.session_run(runner=dask_runner("tcp://127.0.0.1:9"))
    assert project.run.info.status == "FAILED"


@pytest.mark.parametrize(
    ("runner", "package"), [("DaskRunner", "distributed"), ("RayRunner", "ray")]
)
def test_a_missing_package(monkeypatch: pytest.MonkeyPatch, runner: str, package: str) -> None:
    """Without its package a runner says what to install."""
    import mlflow_on_kedro

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MLflowOnKedroError, match=f"^{runner} needs .* `pip install {package}`"):
        getattr(mlflow_on_kedro, runner)()


def test_a_wrong_number_of_workers() -> None:
    """A local cluster has at least one worker."""
    with pytest.raises(ValueError, match="positive, not 0"):
        dask_runner(max_workers=0)


def test_importing_the_package() -> None:
    """The runners' names are public; asking for them imports neither Dask nor Ray nor MLflow."""
    script = """
import sys
import mlflow_on_kedro
assert "kedro.runner" not in sys.modules
mlflow_on_kedro.DaskRunner, mlflow_on_kedro.RayRunner
assert not {"dask", "distributed", "mlflow", "ray"} & set(sys.modules)
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "plugin_src")}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
