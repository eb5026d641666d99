"""MLflowTimeLoggerHook: durations of nodes, loads, saves and the pipeline, and the Gantt chart."""

from __future__ import annotations

import html
import json
import time
from typing import Any

import pytest

from tests.gantt_pages import content_of, spans

NODES = """
import time

from kedro.io import AbstractDataset
from kedro.pipeline import node, pipeline

class Slow(AbstractDataset):
    def __init__(self):
        self.value = None

    def load(self):
        time.sleep(0.15)
        return self.value

    def save(self, data):
        time.sleep(0.1)
        self.value = data

    def _describe(self):
        return {}

def make(n):
    time.sleep(0.2)
    return n, n

def use(left):
    if left < 0:
        raise ValueError("negative")
    return left

def create_pipeline():
    return pipeline([
        node(make, "params:n", ["left", "right"], name="make"),
        node(use, "left", "a", name="use_left"),
        node(use, "left", "b", name="use_again"),
    ])
"""
SETTINGS = """
from mlflow_on_kedro import MLflowTimeLoggerHook

HOOKS = (MLflowTimeLoggerHook({}),)
"""
NODE_METRICS = {"system/time/make", "system/time/use_left", "system/time/use_again"}


@pytest.fixture
def make(make_project: Any) -> Any:
    """A function that makes a project with a slow dataset ``left``."""

    def make(arguments: str = "", n: int = 1, **config: Any) -> Any:
        project = make_project(
            NODES,
            parameters={"n": n},
            mlflow={"time": config},
            settings=SETTINGS.format(arguments),
        )
        project.write("conf/base/catalog.yml", f"left: {{type: {project.package}.nodes.Slow}}\n")
        return project

    return make


def chart(project: Any) -> dict[str, list[dict[str, Any]]]:
    """The bars of the chart that is in MLflow."""
    from mlflow.artifacts import load_text

    return spans(load_text(f"{project.run.info.artifact_uri}/gantt.html"))


def timeline(run: Any) -> list[dict[str, Any]]:
    """The spans in the timeline that is in MLflow."""
    from mlflow.artifacts import load_dict

    return list(load_dict(f"{run.info.artifact_uri}/kedro/timeline.json")["spans"])


def test_metrics(make: Any) -> None:
    """Nodes are metrics in seconds, to the microsecond; loads and saves are none."""
    project = make()
    project.session_run()
    metrics = project.run.data.metrics
    assert set(metrics) == NODE_METRICS
    assert all(value == round(value, 6) for value in metrics.values())
    assert 0.2 <= metrics["system/time/make"] < 1
    assert metrics["system/time/use_left"] < 0.1


@pytest.mark.parametrize("way", ["argument", "mlflow.yml"])
def test_io_metrics(make: Any, way: str) -> None:
    """``io_metrics`` adds those of loads and saves; parameters' loads are none."""
    project = make("io_metrics=True") if way == "argument" else make(io_metrics=True)
    project.session_run()
    metrics = project.run.data.metrics
    assert set(metrics) == NODE_METRICS | {
        "system/time/load/left",
        "system/time/save/left",
        "system/time/save/right",
        "system/time/save/a",
        "system/time/save/b",
    }
    assert 0.15 <= metrics["system/time/load/left"] < 1
    assert 0.1 <= metrics["system/time/save/left"] < 1


def test_pipeline_duration(make_project: Any) -> None:
    """``system/time/pipeline`` is there through ``mlflow_hooks()`` and covers all nodes."""
    project = make_project(NODES, parameters={"n": 1})
    project.session_run()
    metrics = project.run.data.metrics
    assert metrics["system/time/pipeline"] >= sum(metrics[name] for name in NODE_METRICS)


def test_timestamp_and_step(make: Any) -> None:
    """A metric's timestamp is the end of what it times, its step the node's place."""
    project = make(io_metrics=True)
    before = time.time() * 1000
    project.session_run()
    after = time.time() * 1000
    client, run_id = project.client, project.run.info.run_id
    points = {name: client.get_metric_history(run_id, name) for name in project.run.data.metrics}
    (make_point,) = points["system/time/make"]
    (save,) = points["system/time/save/left"]
    loads = sorted(points["system/time/load/left"], key=lambda point: point.step)
    assert before + 200 <= make_point.timestamp <= save.timestamp - 99
    assert [point.step for point in loads] == [1, 2]
    assert loads[0].timestamp >= save.timestamp + 149
    assert loads[1].timestamp <= after
    assert make_point.step == save.step == 0
    steps = {points[f"system/time/use_{name}"][0].step for name in ("left", "again")}
    assert steps == {1, 2}


@pytest.mark.parametrize("way", ["argument", "mlflow.yml"])
def test_prefix(make: Any, way: str) -> None:
    """A prefix given by the user replaces ``system/time/``; the chart is complete."""
    prefix = "_time_to_run "
    project = make(f"metric_name_prefix={prefix!r}") if way == "argument" else make(prefix=prefix)
    project.session_run()
    assert {f"{prefix}make", f"{prefix}use_left"} <= project.run.data.metrics.keys()
    assert not NODE_METRICS & project.run.data.metrics.keys()
    assert len(chart(project)["run"]) == 3


def test_task_name_func(make: Any) -> None:
    """``task_name_func`` names nodes in metrics and chart."""
    project = make("task_name_func=lambda node: f'{node.name} -> {len(node.outputs)}'")
    project.session_run()
    named = {key for key in project.run.data.metrics if key.startswith("system/time/")}
    assert named == {
        "system/time/make -_ 2",
        "system/time/use_left -_ 1",
        "system/time/use_again -_ 1",
    }
    labels = {html.unescape(bar["label"]) for bar in chart(project)["run"]}
    assert labels == {"make -> 2", "use_left -> 1", "use_again -> 1"}


def test_chart(make: Any) -> None:
    """The chart has one row a node; load, run and save are told apart and lie in order."""
    project = make()
    project.session_run()
    bars = chart(project)
    assert set(bars) == {"load", "run", "save"}
    assert next(bar["label"] for bar in bars["run"]) == "make"
    assert {bar["label"] for bar in bars["run"]} == {"make", "use_left", "use_again"}
    assert len(bars["load"]) == 2
    assert len(bars["save"]) == 4
    (made,) = [bar for bar in bars["run"] if bar["label"] == "make"]
    assert 200 <= made["end"] - made["begin"] < 1000
    assert made["end"] <= min(bar["begin"] for bar in bars["save"])
    assert made["end"] <= min(bar["begin"] for bar in bars["load"])


@pytest.mark.parametrize("way", ["argument", "mlflow.yml"])
def test_gantt_params_and_filepath(make: Any, way: str) -> None:
    """``gantt_params`` shape the chart; ``gantt_filepath`` is a copy in the project."""
    from mlflow.artifacts import load_text

    params, path = {"title": "Nächtlich", "colors": {"run": "teal"}}, "reports/gantt/chart.html"
    if way == "argument":
        project = make(f"{path!r}, {params!r}")
    else:
        project = make(gantt_filepath=path, gantt_params=params)
    project.session_run()
    local = (project.root / path).read_text(encoding="utf-8")
    content = content_of(local)
    assert "Nächtlich" in content["layout"]["title"]["text"]
    assert "teal" in {trace.get("marker", {}).get("color") for trace in content["data"]}
    assert local == load_text(f"{project.run.info.artifact_uri}/gantt.html")


def test_wrong_gantt_params(make: Any, said: list[str]) -> None:
    """Wrong ``gantt_params`` are one warning that names the key; the run stays FINISHED."""
    project = make("gantt_params={'no_such_thing': 1}")
    project.session_run()
    run = project.run
    assert run.info.status == "FINISHED"
    assert project.artifacts(run.info.run_id) == {"kedro/timeline.json"}
    assert len(said) == 1
    assert said[0].startswith("No Gantt chart was drawn: ")
    assert "'no_such_thing'" in said[0]
    assert run.data.metrics.keys() >= NODE_METRICS


@pytest.mark.parametrize("way", ["argument", "mlflow.yml"])
def test_no_chart(make: Any, way: str) -> None:
    """``enable_plotly=False`` (``time.gantt: false``) draws nothing; the metrics are there."""
    project = make("enable_plotly=False") if way == "argument" else make(gantt=False)
    project.session_run()
    assert project.artifacts(project.run.info.run_id) == {"kedro/timeline.json"}
    assert project.run.data.metrics.keys() >= NODE_METRICS


def test_time_log(make: Any) -> None:
    """``time_log_filepath`` is a JSON file of begin, end and duration of each node."""
    project = make("time_log_filepath='logs/time.json', enable_plotly=False")
    project.session_run()
    log = json.loads((project.root / "logs/time.json").read_text())
    assert set(log) == {"time_begin", "time_end", "time"}
    assert set(log["time"]) == {"make", "use_left", "use_again"}
    assert log["time_end"]["make"] - log["time_begin"]["make"] == pytest.approx(log["time"]["make"])
    metric = project.run.data.metrics["system/time/make"]
    assert log["time"]["make"] == pytest.approx(metric, abs=1e-6)


def test_failed_node(make: Any) -> None:
    """The failed node is timed, named by a tag and marked in the chart."""
    project = make(n=-1)
    with pytest.raises(ValueError, match="negative"):
        project.session_run()
    run = project.run
    assert run.info.status == "FAILED"
    failed = run.data.tags["kedro.failed_node"]
    assert failed in {"use_left", "use_again"}
    assert f"system/time/{failed}" in run.data.metrics
    bars = chart(project)
    assert [bar["label"] for bar in bars["failed"]] == [failed]
    assert [bar["label"] for bar in bars["run"]] == ["make"]


SLEEPING = """
import time

from kedro.pipeline import node, pipeline

def sleep(n):
    time.sleep(0.5)
    return n

def join(*values):
    return 1

def create_pipeline():
    return pipeline([
        node(sleep, "params:n", f"out_{i}", name=f"sleep_{i}") for i in range(3)
    ] + [node(join, ["out_0", "out_1", "out_2"], "end", name="end")])
"""


@pytest.mark.parametrize(
    ("runner", "is_async"),
    [
        ("ThreadRunner", False),
        ("ThreadRunner", True),
        ("ParallelRunner", True),
        pytest.param("ParallelRunner", False, marks=pytest.mark.slow),
    ],
)
def test_parallel_nodes_overlap(make_project: Any, runner: str, is_async: bool) -> None:
    """Nodes that ran at once overlap in the chart, and it has every node of every process."""
    import kedro.runner

    project = make_project(SLEEPING, parameters={"n": 1}, settings=SETTINGS.format(""))
    chosen = getattr(kedro.runner, runner)(max_workers=3, is_async=is_async)
    project.session_run(runner=chosen)
    bars = chart(project)
    rows = {bar["label"]: bar for bar in bars["run"]}
    assert set(rows) == {"sleep_0", "sleep_1", "sleep_2", "end"}
    sleeping = [bar for name, bar in rows.items() if name != "end"]
    begin, end = max(bar["begin"] for bar in sleeping), min(bar["end"] for bar in sleeping)
    assert begin < end
    assert all(500 <= bar["end"] - bar["begin"] < 1500 for bar in sleeping)
    assert rows["end"]["begin"] >= max(bar["end"] for bar in sleeping)
    assert len(bars["load"]) == 3
    assert len(bars["save"]) == 4


def test_worker_failure_is_marked(make_project: Any) -> None:
    """A node that failed in a worker process is marked in the chart."""
    import kedro.runner

    text = SLEEPING.replace("    return 1", "    raise ValueError('in a worker')")
    project = make_project(text, parameters={"n": 1}, settings=SETTINGS.format(""))
    with pytest.raises(ValueError, match="in a worker"):
        project.session_run(runner=kedro.runner.ParallelRunner(max_workers=2))
    bars = chart(project)
    assert [bar["label"] for bar in bars["failed"]] == ["end"]
    assert len(bars["run"]) == 3


def test_shared_loads_in_workers(make_project: Any) -> None:
    """A dataset that several workers load has a bar for each of them."""
    import kedro.runner

    text = NODES.replace("time.sleep(0.2)", "pass")
    project = make_project(
        text,
        parameters={"n": 1},
        catalog={"left": {"type": "pickle.PickleDataset", "filepath": "left.pkl"}},
        settings=SETTINGS.format(""),
    )
    project.session_run(runner=kedro.runner.ParallelRunner(max_workers=2))
    loads = [bar["label"] for bar in chart(project)["load"]]
    assert sorted(loads) == ["use_again", "use_left"]


def test_same_inputs_twice(make_project: Any) -> None:
    """A node that takes a dataset twice is timed once and loads once a place."""
    text = """
    from kedro.pipeline import node, pipeline

    def one():
        return 1

    def add(a, b):
        return a + b

    def create_pipeline():
        return pipeline([node(one, None, "x", name="one"), node(add, ["x", "x"], "y", name="add")])
    """
    project = make_project(text, settings=SETTINGS.format(""))
    project.session_run()
    assert "system/time/add" in project.run.data.metrics
    assert {bar["label"] for bar in chart(project)["run"]} == {"one", "add"}


@pytest.mark.parametrize("params", [{}, {"title": "Nightly"}], ids=["no params", "params"])
def test_without_plotly(
    make: Any, said: list[str], monkeypatch: pytest.MonkeyPatch, params: dict[str, str]
) -> None:
    """Only the user's own options need plotly: without it one warning gives the pip command."""
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "plotly" else find(name, *rest),
    )
    project = make(gantt_params=params)
    project.session_run()
    assert project.run.info.status == "FINISHED"
    artifacts = project.artifacts(project.run.info.run_id)
    assert ("gantt.html" in artifacts) is not bool(params)
    warning = "No Gantt chart was drawn: gantt_params need Plotly: run `pip install plotly`."
    assert said == ([warning] if params else [])


def test_task_name_func_that_fails(make_project: Any, said: list[str]) -> None:
    """A ``task_name_func`` that raises does not fail the pipeline; what it raised is said."""
    config = {"tracking": {"on_failure": "warn"}}
    settings = SETTINGS.format("task_name_func=lambda node: node.no_such")
    project = make_project(SLEEPING, parameters={"n": 1}, mlflow=config, settings=settings)
    project.session_run()
    assert project.run.info.status == "FINISHED"
    assert "no_such" in said[0]
    assert "cannot be reached" not in said[0]


FAILING_LOAD = """
from kedro.io import AbstractDataset
from kedro.pipeline import node, pipeline

class Constant(AbstractDataset):
    def load(self):
        return "the very same object"

    def save(self, data):
        pass

    def _describe(self):
        return {}

class Late(Constant):
    there = False

    def load(self):
        if not Late.there:
            raise ValueError("not there yet")
        return 1

def create_pipeline():
    return pipeline([node(lambda a, b: 1, ["first", "second"], "x", name="use")])
"""


def test_load_of_a_run_that_failed(make_project: Any) -> None:
    """A load after which another one failed is not taken for one of the next run."""
    import importlib

    project = make_project(FAILING_LOAD, settings=SETTINGS.format(""))
    nodes = f"{project.package}.nodes"
    project.write(
        "conf/base/catalog.yml",
        f"first: {{type: {nodes}.Constant}}\nsecond: {{type: {nodes}.Late}}\n",
    )
    with pytest.raises(Exception, match="not there yet"):
        project.session_run()
    importlib.import_module(nodes).Late.there = True
    project.session_run()
    run = project.runs()[0]
    (load,) = [span for span in timeline(run) if span.get("dataset") == "first"]
    assert load["start"] * 1000 >= run.info.start_time


def test_file_that_cannot_be_written(make: Any, said: list[str]) -> None:
    """A ``gantt_filepath`` that is a folder is said; MLflow has the chart, and is not blamed."""
    project = make(gantt_filepath="conf")
    project.session_run()
    assert project.run.info.status == "FINISHED"
    assert "gantt.html" in project.artifacts(project.run.info.run_id)
    (message,) = said
    assert message.startswith(str(project.root / "conf"))
    assert "could not be written" in message


def test_time_log_from_yaml(make_project: Any) -> None:
    """``time.time_log_filepath`` in mlflow.yml does what the argument does."""
    project = make_project(GENERATOR, mlflow={"time": {"time_log_filepath": "times.json"}})
    project.session_run()
    assert set(json.loads((project.root / "times.json").read_text())["time"]) == {"yielding"}


GENERATOR = """
import time
from kedro.pipeline import node, pipeline

def chunks():
    for number in range(3):
        time.sleep(0.1)
        yield number

def create_pipeline():
    return pipeline([node(chunks, None, "last", name="yielding")])
"""


def test_generator_node_is_timed_to_its_last_chunk(make_project: Any) -> None:
    """A generator node works while its chunks are saved, and that is its duration."""
    project = make_project(GENERATOR)
    project.session_run()
    metrics = project.run.data.metrics
    assert metrics["system/time/yielding"] >= 0.3
    history = project.client.get_metric_history(project.run.info.run_id, "system/time/yielding")
    assert len(history) == 1


GRAPH = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([
        node(lambda rate: bytes(1), "params:rate", "a.layer0_x@spark", name="first", namespace="a"),
        node(lambda x: x, "a.layer0_x@pandas", "a.kept", name="second", namespace="a"),
        node(lambda x: x, "a.kept", "a.layer1_y", name="third", namespace="a"),
    ])
"""


def test_factories_and_transcoding(
    make_project: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Factories are asked as without tracking, and the plugin's own names give no warning.

    But once more for what no factory makes.
    """
    from kedro.io import CatalogConfigResolver

    asked: list[str] = []
    match = CatalogConfigResolver.match_dataset_pattern

    def counted(resolver: CatalogConfigResolver, name: str) -> str | None:
        asked.append(name)
        return match(resolver, name)

    monkeypatch.setattr(CatalogConfigResolver, "match_dataset_pattern", counted)
    entry = {"type": "pickle.PickleDataset", "filepath": "data/{area}/{name}.pkl"}
    patterns = ["{area}.layer0_{name}@spark", "{area}.layer0_{name}@pandas", "{area}.layer1_{name}"]
    catalog = dict.fromkeys(patterns, entry)
    counts = []
    for settings in (None, "HOOKS = ()"):
        given: dict[str, Any] = {"settings": settings} if settings else {}
        given["mlflow"] = {"time": {"io_metrics": True}}
        project = make_project(GRAPH, catalog=catalog, parameters={"rate": 1}, **given)
        asked.clear()
        project.session_run()
        counts.append(len([name for name in asked if not name.startswith("mlflow_on_kedro")]))
        if not settings:
            metrics = project.run.data.metrics
    assert counts[0] <= counts[1] + 1
    names = {"save/a.layer0_x_spark", "load/a.layer0_x_pandas"}
    assert {f"system/time/{name}" for name in names} <= metrics.keys()
    assert said == []


JSON_CATALOG = {
    name: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"} for name in ("x", "y")
}
IMPORTING = """
from kedro.pipeline import node, pipeline

def use():
    import slow_library
    return slow_library.VALUE

def use_again(x):
    import slow_library
    return slow_library.VALUE

def create_pipeline():
    return pipeline([
        node(use, None, "x", name="use"),
        node(use_again, "x", "y", name="use_again"),
    ])
"""


def test_imports(make_project: Any) -> None:
    """What a node's first import of a library takes is told apart from the rest."""
    project = make_project(IMPORTING, catalog=JSON_CATALOG)
    project.write("src/slow_library.py", "import time\ntime.sleep(0.3)\nVALUE = 1\n")
    done = project.kedro("run")
    assert done.returncode == 0, done.stderr
    from mlflow.artifacts import load_text

    traces = content_of(load_text(f"{project.run.info.artifact_uri}/gantt.html"))["data"]
    imports = [trace for trace in traces if trace.get("name") == "imports"]
    found = [item for trace in imports for item in zip(trace["y"], trace["x"], strict=True)]
    assert [node for node, milliseconds in found if milliseconds >= 300] == ["use"]


def test_timings_are_the_last_metrics(make_project: Any) -> None:
    """MLflow's pages begin with the first metric of a run, which is the user's."""
    project = make_project(NODES, parameters={"n": 1})
    project.session_run()
    metrics = list(project.client.get_run(project.run.info.run_id).data.metrics)
    timings = [name for name in metrics if name.startswith("system/time/")]
    assert {"right", "a"} < {*metrics}
    assert len(timings) == 4  # the pipeline's, too
    assert metrics[-len(timings) + 1 :] == timings[1:]
