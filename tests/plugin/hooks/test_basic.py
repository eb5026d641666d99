"""MLflowBasicLoggerHook: the run itself, by arguments and by mlflow.yml, and how it ends."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow_on_kedro
import pytest

NODES = """
import time

from kedro.pipeline import node, pipeline

def double(n):
    time.sleep(0.1)
    return n * 2

def create_pipeline():
    return pipeline([node(double, "params:n", "twice", name="double", tags="quick")])
"""

BASIC = """
from mlflow_on_kedro import MLflowBasicLoggerHook

HOOKS = (MLflowBasicLoggerHook({}),)
"""


@pytest.fixture(params=["arguments", "mlflow.yml"])
def make(request: pytest.FixtureRequest, make_project: Any) -> Any:
    """A function that makes a project whose Basic hook is configured in one of the two ways.

    Its keywords are the hook's arguments; ``sections`` says where each of them is in mlflow.yml.
    """
    places = {
        "uri": ("tracking", "uri"),
        "experiment_name": ("experiment", "name"),
        "artifact_location": ("experiment", "artifact_location"),
        "run_name": ("run", "name"),
        "run_id": ("run", "id"),
        "nested": ("run", "nested"),
        "tags": ("run", "tags"),
        "description": ("run", "description"),
        "offset_hours": ("run", "offset_hours"),
        "enable_logging_time_begin": ("run", "log_time_begin"),
        "enable_logging_time_end": ("run", "log_time_end"),
        "enable_logging_time": ("run", "log_time"),
        "logging_kedro_run_params": ("run", "kedro_run_params"),
    }

    def make(pipeline: str = NODES, **given: Any) -> Any:
        config: dict[str, Any] = {"catalog": {"parameters": "none"}}
        arguments = ""
        if request.param == "arguments":
            arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        else:
            for name, value in given.items():
                section, key = places[name]
                config.setdefault(section, {})[key] = value
            config.setdefault("tracking", {})["on_failure"] = "raise"
        settings = BASIC.format(arguments)
        return make_project(pipeline, parameters={"n": 3}, mlflow=config, settings=settings)

    return make


def test_uri_and_experiment(make: Any, store_template: Path) -> None:
    """``uri``, ``experiment_name``, ``artifact_location``: where the run and its files are."""
    import shutil

    from mlflow import MlflowClient

    project = make(
        uri="sqlite:///elsewhere/runs.db", experiment_name="mine", artifact_location="./files/mine"
    )
    (project.root / "elsewhere").mkdir()
    shutil.copy(store_template, project.root / "elsewhere" / "runs.db")
    project.session_run()
    client = MlflowClient(f"sqlite:///{(project.root / 'elsewhere/runs.db').as_posix()}")
    experiment = client.get_experiment_by_name("mine")
    assert experiment.artifact_location == (project.root / "files/mine").as_uri()
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert project.client.search_experiments(filter_string="name = 'mine'") == []


def test_name_tags_description(make: Any) -> None:
    """``run_name``, ``tags`` and ``description`` are the run's; a tag may be no text."""
    project = make(run_name="Nächtlich", tags={"team": "wine", "n": 3}, description="**Why**")
    project.session_run()
    run = project.run
    assert run.info.run_name == "Nächtlich"
    assert run.data.tags["team"] == "wine"
    assert run.data.tags["n"] == "3"
    assert run.data.tags["mlflow.note.content"] == "**Why**"


def test_run_id(make_project: Any) -> None:
    """``run_id`` continues that run: what it had stays, and it ends again."""
    project = make_project(NODES, parameters={"n": 3}, mlflow={"run": {"name": "first"}})
    project.session_run()
    first = project.run
    project.write(
        f"src/{project.package}/settings.py", BASIC.format(f"run_id={first.info.run_id!r}")
    )
    import importlib
    import sys

    importlib.reload(sys.modules[f"{project.package}.settings"])
    project.session_run()
    run = project.run
    assert run.info.run_id == first.info.run_id
    assert run.info.status == "FINISHED"
    assert run.info.end_time > first.info.end_time
    assert run.data.metrics["twice"] == 6
    assert len(project.client.get_metric_history(run.info.run_id, "system/time/pipeline")) == 2


def test_unknown_run_id(make: Any) -> None:
    """An unknown ``run_id`` stops the pipeline before its first node, with one clear message."""
    from mlflow_on_kedro import ConfigError

    project = make(run_id="0123456789abcdef0123456789abcdef")
    with pytest.raises(ConfigError, match="'0123456789abcdef0123456789abcdef', but MLflow"):
        project.session_run()
    assert project.runs() == []


def test_nested(make: Any) -> None:
    """``nested=True`` makes the run a child of the active one, which stays active and untouched."""
    import mlflow

    project = make(nested=True)
    mlflow.set_tracking_uri(project.uri)
    mlflow.set_experiment("parents")
    with mlflow.start_run() as parent:
        project.session_run()
        assert mlflow.active_run().info.run_id == parent.info.run_id
    child, parent = project.runs("parents")  # set_experiment sets MLFLOW_EXPERIMENT_ID, too
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert child.info.status == "FINISHED"
    assert parent.data.metrics == {}


def test_the_duration_is_the_pipelines(make_project: Any) -> None:
    """What hooks do once the pipeline is over is not part of it."""
    settings = """
import time
from pathlib import Path
from kedro.framework.hooks import hook_impl
from mlflow_on_kedro import mlflow_hooks

class Mine:
    @hook_impl(tryfirst=True)
    def after_pipeline_run(self):
        Path(__file__).with_name("over.txt").write_text(str(time.time_ns() // 1_000_000))

HOOKS = (Mine(), *mlflow_hooks())
"""
    project = make_project(NODES, parameters={"n": 3}, settings=settings)
    project.session_run()
    (point,) = project.client.get_metric_history(project.run.info.run_id, "system/time/pipeline")
    (over,) = project.root.rglob("over.txt")
    assert point.timestamp <= int(over.read_text())


def test_not_nested(make: Any) -> None:
    """Without ``nested`` an active run is the pipeline's run, and stays open afterwards."""
    import mlflow

    project = make()
    mlflow.set_tracking_uri(project.uri)
    mlflow.set_experiment("mine")
    with mlflow.start_run() as active:
        project.session_run()
        assert mlflow.active_run().info.run_id == active.info.run_id
        run = project.client.get_run(active.info.run_id)
        assert run.info.status == "RUNNING"
        assert "system/time/pipeline" in run.data.metrics
    assert project.runs() == []


def test_random_names(make: Any) -> None:
    """``{random}`` in a run's name is replaced by words, other ones in each run."""
    project = make(run_name="{pipeline} {random}")
    for _ in range(2):
        project.session_run()
    names = {run.info.run_name for run in project.runs()}
    assert len(names) == 2
    assert all(re.fullmatch(r"__default__ [a-z]+-[a-z]+-\d+", name) for name in names)


def test_times(make_project: Any) -> None:
    """Begin and end are tags with a zone, the duration a metric in seconds."""
    times = {"log_time_begin": True, "log_time_end": True}
    project = make_project(NODES, parameters={"n": 3}, mlflow={"run": times})
    before = datetime.now().astimezone()
    project.session_run()
    after = datetime.now().astimezone()
    run = project.run
    begin = datetime.fromisoformat(run.data.tags["time.begin"])
    end = datetime.fromisoformat(run.data.tags["time.end"])
    millisecond = timedelta(milliseconds=1)
    assert before - millisecond <= begin <= end <= after
    assert begin.utcoffset() == timedelta()
    assert 0.1 <= run.data.metrics["system/time/pipeline"] <= (after - before).total_seconds()


def test_offset_hours(make: Any) -> None:
    """``offset_hours`` is the zone in which begin and end are written; the instant is the same."""
    project = make(offset_hours=5.5, enable_logging_time_begin=True, enable_logging_time_end=True)
    project.session_run()
    tags = project.run.data.tags
    for name in ("time.begin", "time.end"):
        moment = datetime.fromisoformat(tags[name])
        assert moment.utcoffset() == timedelta(hours=5.5)
        assert abs(datetime.now().astimezone() - moment) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("arguments", "logged"),
    [
        ({}, {"system/time/pipeline"}),
        ({"enable_logging_time_begin": True}, {"system/time/pipeline", "time.begin"}),
        ({"enable_logging_time_end": True, "enable_logging_time": False}, {"time.end"}),
    ],
)
def test_times_on_and_off(make: Any, arguments: dict[str, bool], logged: set[str]) -> None:
    """Each of the three times can be switched by itself; MLflow has begin and end anyway."""
    project = make(**arguments)
    project.session_run()
    run = project.run
    times = {"time.begin", "time.end", "system/time/pipeline"}
    assert times & (run.data.tags.keys() | run.data.metrics.keys()) == logged


def test_chosen_run_params(make: Any, said: list[str]) -> None:
    """Those named are parameters ``___<name>``, as in PipelineX; others there are not are said."""
    project = make(logging_kedro_run_params=["pipeline_name", "tags", "runner", "rnuner"])
    project.session_run(tags=["quick"])
    params = project.run.data.params
    assert set(params) == {"___tags", "___runner"} | (params.keys() & {"___pipeline_name"})
    assert params["___tags"] == "['quick']"
    assert params["___runner"] == "SequentialRunner"
    assert "Kedro has no run param 'rnuner'. Did you mean 'runner'?" in said[-1]


def test_all_run_params(make: Any) -> None:
    """``__ALL__`` logs every Kedro run param, with secrets among the runtime params masked."""
    project = make(logging_kedro_run_params="__ALL__")
    project.session_run(runtime_params={"n": 4, "api_token": "hush", "db": {"password": "hush"}})
    run = project.run
    assert {"___env", "___tags", "___from_nodes", "___runtime_params"} <= run.data.params.keys()
    assert "'n': 4" in run.data.params["___runtime_params"]
    assert "hush" not in str(run.to_dictionary())


def test_run_params_off(make: Any) -> None:
    """Without ``logging_kedro_run_params`` no run param is a parameter."""
    project = make()
    project.session_run()
    assert project.run.data.params == {}


def test_provenance(make: Any) -> None:
    """The run says what made it: versions, user, source, the command, and Kedro's own run id."""
    import kedro
    import mlflow

    project = make()
    project.session_run(tags=["quick"], runtime_params={"n": 5})
    tags = project.run.data.tags
    assert tags["kedro.version"] == kedro.__version__
    assert tags["mlflow.kedro.mlflow_version"] == mlflow.__version__
    assert tags["kedro.plugin_version"].startswith(f"{mlflow_on_kedro.__version__} (")
    assert re.match(r"3\.\d+\.\d+", tags["mlflow.kedro.python_version"])
    assert tags["mlflow.user"]
    assert tags["mlflow.source.name"] == project.package
    assert tags["kedro_command"] == "kedro run --tags=quick --params=n=5"
    assert tags["kedro.run_id"]
    assert tags["kedro.tags"] == "['quick']"
    assert tags["kedro.pipeline"] == "__default__"
    shown = {key for key in tags if not key.startswith("mlflow.")}
    assert shown <= {
        *("kedro.version", "kedro.plugin_version", "kedro_command", "kedro.run_id"),
        *("kedro.tags", "kedro.pipeline", "kedro.runner", "kedro.runtime_params"),
        *("kedro.hardware.cpu", "kedro.hardware.memory", "kedro.hardware.gpu"),
    }


FAILING = """
from kedro.pipeline import node, pipeline

def fine(n):
    return n

def connect(n):
    password = "hush-local"
    raise ConnectionError("no answer from postgres://me:hush-url@db/x")

def create_pipeline():
    return pipeline([
        node(fine, "params:n", "same", name="fine"), node(connect, "same", "never", name="connect")
    ])
"""


def test_failed(make: Any) -> None:
    """A failed pipeline is FAILED and has error, node and traceback, without secrets."""
    project = make(FAILING)
    with pytest.raises(ConnectionError):
        project.session_run()
    run = project.run
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "ConnectionError: no answer from postgres://***@db/x"
    assert run.data.tags["kedro.failed_node"] == "connect"
    assert run.data.metrics.keys() == {"system/time/pipeline"}
    assert project.artifacts(run.info.run_id) == {"error/traceback.txt"}
    from mlflow.artifacts import load_text

    text = load_text(f"{run.info.artifact_uri}/error/traceback.txt")
    assert text.startswith("Traceback (most recent call last):")
    assert 'nodes.py", line 9, in connect' in text
    assert text.endswith("ConnectionError: no answer from postgres://***@db/x\n")
    assert "hush-url" not in text


MLFLOW_NODES = """
from pathlib import Path

import mlflow
from kedro.pipeline import node, pipeline

def log(n):
    mlflow.log_metric("own", n)
    mlflow.log_param("own_param", "x")
    mlflow.set_tag("own_tag", "y")
    mlflow.log_text("hello", "own.txt")
    Path("own_file.txt").write_text("hello")
    mlflow.log_artifact("own_file.txt")
    return mlflow.active_run().info.run_id

def fit(n):
    from sklearn.linear_model import LinearRegression

    mlflow.sklearn.autolog(log_models=False, silent=True)
    LinearRegression().fit([[0], [1]], [0, n])
    mlflow.sklearn.autolog(disable=True)

def child(n):
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("inner", 1)
    mlflow.start_run(nested=True, run_name="left open")

def create_pipeline():
    return pipeline([
        node(log, "params:n", "run_id", name="log"),
        node(fit, "params:n", None, name="fit"),
        node(child, "params:n", None, name="child"),
    ])
"""


def test_mlflow_in_nodes(make: Any) -> None:
    """Node code that calls mlflow itself, autolog too, lands in the pipeline's run."""
    import mlflow

    project = make(MLFLOW_NODES)
    outputs = project.session_run()
    assert mlflow.active_run() is None
    runs = {run.info.run_name: run for run in project.runs()}
    children = {"child", "left open"}
    (own,) = [run for name, run in runs.items() if name not in children]
    assert outputs["run_id"].load() == own.info.run_id
    assert own.info.status == "FINISHED"
    assert own.data.metrics["own"] == 3
    assert "training_score" in own.data.metrics
    assert own.data.params["own_param"] == "x"
    assert own.data.params["fit_intercept"] == "True"
    assert own.data.tags["own_tag"] == "y"
    assert {"own.txt", "own_file.txt"} <= project.artifacts(own.info.run_id)
    for name in children:
        assert runs[name].data.tags["mlflow.parentRunId"] == own.info.run_id
    assert mlflow.tracking.fluent._active_experiment_id is None


def test_tracking_uri_is_put_back(make: Any) -> None:
    """After a run MLflow's own tracking URI is what it was before."""
    import mlflow

    mlflow.set_tracking_uri("sqlite:///users_own.db")
    project = make(MLFLOW_NODES, uri="sqlite:///mlflow.db")
    project.session_run()
    assert mlflow.get_tracking_uri() == "sqlite:///users_own.db"


GENERATOR = """
import mlflow
import pandas as pd
from kedro.pipeline import node, pipeline

def chunks(n):
    for number in range(n):
        mlflow.log_metric("chunk", number, step=number)
        yield pd.DataFrame({"number": [number]})

def create_pipeline():
    return pipeline([node(chunks, "params:n", "table", name="chunks")])
"""


def test_mlflow_in_a_generator_node(make_project: Any) -> None:
    """What a generator node logs while its chunks are saved is in the pipeline's run, too."""
    import mlflow

    catalog = {
        "table": {
            "type": "pandas.CSVDataset",
            "filepath": "data/table.csv",
            "save_args": {"header": False},
            "fs_args": {"open_args_save": {"mode": "a"}},
        }
    }
    project = make_project(GENERATOR, catalog=catalog, parameters={"n": 3})
    project.session_run()
    assert mlflow.active_run() is None
    assert (project.root / "data/table.csv").read_text().split() == ["0", "1", "2"]
    points = project.client.get_metric_history(project.run.info.run_id, "chunk")
    assert [point.value for point in points] == [0, 1, 2]
    default = project.client.search_runs(["0"])
    assert not default


def test_wrong_argument(make_project: Any) -> None:
    """A wrong argument is one clear message before any node, and mlflow.yml is not blamed."""
    from mlflow_on_kedro import ConfigError

    project = make_project(NODES, parameters={"n": 1}, settings=BASIC.format("offset_hours='two'"))
    with pytest.raises(ConfigError, match=r"^settings\.py: 'run\.offset_hours' .*'two'"):
        project.session_run()
    assert not project.runs()


@pytest.mark.parametrize("names", [("env", "runner"), "env"])
def test_run_params_as_tuple_or_text(make_project: Any, names: Any) -> None:
    """``logging_kedro_run_params`` takes any sequence of names, and one name for itself."""
    arguments = f"logging_kedro_run_params={names!r}"
    project = make_project(NODES, parameters={"n": 1}, settings=BASIC.format(arguments))
    project.session_run()
    logged = {name for name in project.run.data.params if name.startswith("___")}
    assert logged == ({"___env"} if names == "env" else {"___env", "___runner"})
