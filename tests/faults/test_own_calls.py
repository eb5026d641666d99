"""What nodes log with MLflow themselves while the server is slow, away or not to be contacted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .nodes import NODES
from .processes import Ended, ended
from .project import FaultProject
from .proxy import Mode, Proxy

OWN = NODES.replace(
    'reach("last")\n',
    'mlflow.log_metric("own", 0, step=0)\n    reach("last")\n    for step in (1, 2, 3):\n'
    '        mlflow.log_metric("own", step, step=step)\n    mlflow.log_param("mine", "x")\n'
    '    mlflow.set_tags({"a": "b"})\n',
)
PARTS = """
import numpy
import pandas
import matplotlib.figure

def log_all():
    mlflow.log_metrics({"m1": 1, "m2": 2})
    mlflow.log_params({"p1": 1, "p2": "two"})
    mlflow.log_text("text", "note.txt")
    mlflow.log_dict({"a": 1}, "dict.json")
    figure = matplotlib.figure.Figure()
    figure.subplots().plot([1, 2])
    mlflow.log_figure(figure, "figure.png")
    mlflow.log_table({"a": [1, 2]}, "table.json")
    mlflow.log_table({"a": [3]}, "table.json")
    mlflow.log_image(numpy.zeros((4, 4, 3), dtype="uint8"), key="picture", step=1)
    mlflow.log_image(numpy.zeros((4, 4, 3), dtype="uint8"), "one.png")
    Path("local.txt").write_text("local")
    mlflow.log_artifact("local.txt", "folder")
    mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"a": [1]}), name="frame"))
"""


def own_node(body: str, before: str = "") -> str:
    """A pipeline of one node with the given body, which waits where a test wants."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"""
import os
import time
from pathlib import Path

import mlflow
from kedro.pipeline import node, pipeline

SIGNALS = Path(os.environ["SIGNALS"])

def reach(place):
    (SIGNALS / f"reached_{{place}}").write_text(str(os.getpid()))
    deadline = time.monotonic() + 120
    while (SIGNALS / f"stop_{{place}}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
{before}
def own():
{lines}
    return 1

def create_pipeline():
    return pipeline([node(own, None, "out", name="own")])
"""


def children_of(project: FaultProject, run: Any) -> list[Any]:
    """The runs whose parent is a run, the first first."""
    return [
        each
        for each in project.runs()
        if each.data.tags.get("mlflow.parentRunId") == run.info.run_id
    ]


def pipeline_run(project: FaultProject) -> Any:
    """The only run of a pipeline, beside those that nodes have begun."""
    (run,) = [each for each in project.runs() if "kedro_command" in each.data.tags]
    return run


def synced(project: FaultProject, run: Ended) -> Any:
    """The pipeline's run, once all is delivered."""
    assert run.status == 0, run.said
    assert "Traceback" not in run.said, run.said
    result = project.sync()
    assert result.exit_code == 0, run.said + result.output
    assert project.journals == []
    return pipeline_run(project)


def run_away(
    project: FaultProject,
    proxy: Proxy,
    mode: Mode,
    *words: str,
    place: str = "last",
    **env: str,
) -> Ended:
    """Run a pipeline whose server goes away at a place, and comes back afterwards."""
    project.stop_at(place)
    begin = time.time()
    process = project.start("run", *words, **env)
    project.wait_for(place, process)
    proxy.wait_for("runs/create")
    proxy.mode = mode
    project.go_on(place)
    run = ended(process, begin=begin)
    proxy.mode = "pass"
    return run


@pytest.mark.parametrize(
    "mode",
    [
        "refuse",
        pytest.param("hang", marks=pytest.mark.slow),
        pytest.param("http500", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(
    "runner", [pytest.param("SequentialRunner", marks=pytest.mark.slow), "ParallelRunner"]
)
def test_values_when_it_goes_away(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, mode: Mode, runner: str
) -> None:
    """What a node logs with MLflow while the server goes away is delivered with the rest."""
    project = make_fault_project(proxy.uri, f"import mlflow\n{OWN}", tracking={"timeout": 3.0})
    run = run_away(project, proxy, mode, f"--runner={runner}")
    assert "Retry(" not in run.said
    found = synced(project, run)
    assert sorted(project.series(found, "own")) == [0, 1, 2, 3]
    assert found.data.params["mine"] == "x"
    assert found.data.tags["a"] == "b"


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_no_stray_run(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, mode: str
) -> None:
    """A node's own calls of MLflow start no stray run, refused from the start or offline."""
    own = NODES.replace('reach("last")\n', 'reach("last")\n    mlflow.log_metric("own", 1)\n')
    tracking = {"mode": mode, "timeout": 1.0}
    project = make_fault_project(proxy.uri, f"import mlflow\n{own}", tracking=tracking)
    proxy.mode = "refuse"
    run = project.kedro()
    proxy.mode = "pass"
    assert synced(project, run).data.metrics["own"] == 1
    # The project's folder has a store of MLflow's default name, which no run is meant for.
    ids = [found.experiment_id for found in project.project.client.search_experiments()]
    assert list(project.project.client.search_runs(ids)) == []


@pytest.mark.parametrize(
    "when", ["offline", pytest.param("refuse", marks=pytest.mark.slow), "later"]
)
def test_all_kinds(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, tmp_path: Path, when: str
) -> None:
    """Values, texts, dicts, figures, tables, images, files and inputs of a node are delivered."""
    tracking = {"timeout": 3.0, "mode": "offline" if when == "offline" else "online"}
    pipeline = own_node('reach("last")\nlog_all()', PARTS)
    project = make_fault_project(proxy.uri, pipeline, catalog={}, tracking=tracking)
    if when == "later":
        run = run_away(project, proxy, "refuse")
    else:
        proxy.mode = "refuse"
        run = project.kedro()
        proxy.mode = "pass"
    found = synced(project, run)
    assert {"m1": 1, "m2": 2}.items() <= found.data.metrics.items()
    assert {"p1": "1", "p2": "two"}.items() <= found.data.params.items()
    files = project.artifacts(found)
    names = {"note.txt", "dict.json", "figure.png", "table.json", "one.png", "folder/local.txt"}
    assert names <= files
    assert any(name.startswith("images/picture") and name.endswith(".png") for name in files)
    table = json.loads(project.read(found, "table.json", tmp_path / "read"))
    assert table["data"] == [[1], [2], [3]]
    used = {each.dataset.name for each in found.inputs.dataset_inputs}
    assert "frame" in used
    assert not list(project.root.glob(".mlflow_on_kedro/own*"))


NESTED = """
reach("first")
with mlflow.start_run(nested=True, run_name="child") as child:
    reach("last")
    mlflow.log_metric("inner", 1)
    mlflow.log_param("depth", 3)
    mlflow.set_tag("colour", "red")
    mlflow.log_text("inside", "inside.txt")
    with mlflow.start_run(nested=True, run_name="grandchild"):
        mlflow.log_metric("innermost", 2)
mlflow.log_metric("outer", 3)
"""


@pytest.mark.parametrize(
    ("when", "runner"),
    [
        ("offline", "ParallelRunner"),
        pytest.param("refuse", "SequentialRunner", marks=pytest.mark.slow),
        pytest.param("first", "SequentialRunner", marks=pytest.mark.slow),
        pytest.param("last", "ParallelRunner", marks=pytest.mark.slow),
    ],
)
def test_nested_runs(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    when: str,
    runner: str,
) -> None:
    """A run that a node begins is a run of its own below the pipeline's, also in an outage."""
    tracking = {"timeout": 3.0, "mode": "offline" if when == "offline" else "online"}
    project = make_fault_project(proxy.uri, own_node(NESTED), catalog={}, tracking=tracking)
    words = (f"--runner={runner}",)
    if when in {"first", "last"}:
        run = run_away(project, proxy, "refuse", *words, place=when)
    else:
        proxy.mode = "refuse"
        run = project.kedro("run", *words)
        proxy.mode = "pass"
    found = synced(project, run)
    assert found.data.metrics["outer"] == 3
    (child,) = children_of(project, found)
    assert child.info.run_name == "child"
    assert child.info.status == "FINISHED"
    assert child.data.metrics == {"inner": 1}
    assert child.data.params == {"depth": "3"}
    assert child.data.tags["colour"] == "red"
    assert project.artifacts(child) == {"inside.txt"}
    (grandchild,) = children_of(project, child)
    assert grandchild.info.status == "FINISHED"
    assert grandchild.data.metrics == {"innermost": 2}
    assert len(project.runs()) == 3


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["SequentialRunner", "ParallelRunner"])
def test_first_answer_after_15_seconds(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, runner: str
) -> None:
    """A server that starts when it is called (15 s for its first answer) fails no node."""
    body = (
        'with mlflow.start_run(nested=True, run_name="child"):\n    mlflow.log_metric("inner", 1)\n'
        'assert mlflow.MlflowClient().search_experiments()\nmlflow.log_metric("outer", 3)'
    )
    project = make_fault_project(proxy.uri, own_node(body), catalog={})
    proxy.delay = 15

    def warm_up() -> None:
        proxy.wait_for()
        time.sleep(15)
        proxy.delay = 0

    threading.Thread(target=warm_up, daemon=True).start()
    run = project.kedro("run", f"--runner={runner}")
    found = synced(project, run)
    assert found.data.metrics["outer"] == 3
    (child,) = children_of(project, found)
    assert child.data.metrics == {"inner": 1}


ASYNC = """
reach("last")
mlflow.log_metric("one", 1)
mlflow.log_params({"p": "x"})
mlflow.set_tag("t", "y")
for step in range(20):
    mlflow.log_metric("many", step, step=step, synchronous=False)
mlflow.MlflowClient().log_batch(
    mlflow.active_run().info.run_id, metrics=[mlflow.entities.Metric("batch", 2, 3, 0)]
)
with mlflow.start_run(nested=True):
    mlflow.log_metric("inner", 1)
mlflow.log_image(numpy.zeros((4, 4, 3), dtype="uint8"), key="picture")
mlflow.flush_async_logging()
mlflow.log_metric("after", 1)
"""


@pytest.mark.parametrize(
    ("when", "runner"),
    [
        ("offline", "ThreadRunner"),
        pytest.param("refuse", "SequentialRunner", marks=pytest.mark.slow),
        pytest.param("later", "ParallelRunner", marks=pytest.mark.slow),
        pytest.param("slow", "ParallelRunner", marks=pytest.mark.slow),
        pytest.param("pass", "SequentialRunner", marks=pytest.mark.slow),
        pytest.param("local", "ParallelRunner", marks=pytest.mark.slow),
    ],
)
def test_asynchronous_logging(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, when: str, runner: str
) -> None:
    """With MLFLOW_ENABLE_ASYNC_LOGGING a node's values arrive, and nothing hangs."""
    tracking = {"timeout": 3.0, "mode": "offline" if when == "offline" else "online"}
    pipeline = own_node(ASYNC, "import numpy\n")
    uri = None if when == "local" else proxy.uri  # the project's own SQLite file
    project = make_fault_project(uri, pipeline, catalog={}, tracking=tracking)
    words, env = (f"--runner={runner}",), {"MLFLOW_ENABLE_ASYNC_LOGGING": "true"}
    if when == "later":
        run = run_away(project, proxy, "refuse", *words, **env)
    else:
        proxy.mode = "refuse" if when in {"offline", "refuse"} else "pass"
        proxy.delay = 0.5 if when == "slow" else 0.0
        run = project.kedro("run", *words, **env)
        proxy.mode, proxy.delay = "pass", 0.0
    found = synced(project, run)
    assert {"one": 1, "batch": 2, "after": 1}.items() <= found.data.metrics.items()
    assert sorted(project.series(found, "many")) == list(range(20))
    assert found.data.params["p"] == "x"
    assert found.data.tags["t"] == "y"
    assert any(name.startswith("images/picture") for name in project.artifacts(found))
    (child,) = children_of(project, found)
    assert child.data.metrics == {"inner": 1}
    assert child.info.status == "FINISHED"


TRACED = """
reach("last")
answers = [ask(f"question {n}") for n in range(3)]
with mlflow.start_span("loose") as span:
    span.set_inputs({"a": 1})
"""
ASK = """
@mlflow.trace(span_type="LLM")
def ask(question):
    return think(question)

@mlflow.trace
def think(question):
    return question.upper()
"""


@pytest.mark.parametrize(
    ("when", "runner"),
    [
        pytest.param("offline", "SequentialRunner", marks=pytest.mark.slow),
        pytest.param("refuse", "ParallelRunner", marks=pytest.mark.slow),
        ("later", "ParallelRunner"),
        pytest.param("hang", "SequentialRunner", marks=pytest.mark.slow),
        pytest.param("pass", "ParallelRunner", marks=pytest.mark.slow),
    ],
)
def test_traces_of_nodes(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, when: str, runner: str
) -> None:
    """Traces that nodes make are delivered, once, with all spans, and linked to the run."""
    tracking = {"timeout": 3.0, "mode": "offline" if when == "offline" else "online"}
    project = make_fault_project(proxy.uri, own_node(TRACED, ASK), catalog={}, tracking=tracking)
    words = (f"--runner={runner}",)
    if when in {"later", "hang"}:
        run = run_away(project, proxy, "refuse" if when == "later" else "hang", *words)
    else:
        proxy.mode = "refuse" if when in {"offline", "refuse"} else "pass"
        run = project.kedro("run", *words)
        proxy.mode = "pass"
    found = synced(project, run)
    traces = project.client.search_traces(
        locations=[found.info.experiment_id], include_spans=True, run_id=found.info.run_id
    )
    names = sorted(span.name for trace in traces for span in trace.data.spans)
    assert names == ["ask"] * 3 + ["loose"] + ["think"] * 3
    for trace in traces:
        assert trace.info.trace_metadata["mlflow.sourceRun"] == found.info.run_id
        assert trace.info.state.value == "OK"


MODEL = """
import sklearn.linear_model

def train():
    model = sklearn.linear_model.LinearRegression().fit([[1], [2]], [2, 4])
    return mlflow.sklearn.log_model(
        model, name="line", params={"depth": 1}, registered_model_name=os.environ["REGISTERED"]
    )
"""


@pytest.mark.parametrize(
    ("when", "nested"),
    [
        pytest.param("offline", True, marks=pytest.mark.slow),
        pytest.param("refuse", False, marks=pytest.mark.slow),
        ("later", True),
        pytest.param("hang", False, marks=pytest.mark.slow),
    ],
)
def test_models_of_nodes(
    make_fault_project: Callable[..., FaultProject],
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    *,
    nested: bool,
) -> None:
    """A model that a node logs and registers is one of the run, and registered, once delivered."""
    import mlflow

    registered = f"line_{when}_{nested}"
    monkeypatch.setenv("REGISTERED", registered)
    tracking = {"timeout": 3.0, "mode": "offline" if when == "offline" else "online"}
    begin = "with mlflow.start_run(nested=True):\n    train()" if nested else "train()"
    pipeline = own_node(f'reach("last")\n{begin}', MODEL)
    project = make_fault_project(proxy.uri, pipeline, catalog={}, tracking=tracking)
    if when in {"later", "hang"}:
        run = run_away(project, proxy, "refuse" if when == "later" else "hang")
    else:
        proxy.mode = "refuse"
        run = project.kedro()
        proxy.mode = "pass"
    found = synced(project, run)
    if nested:
        (found,) = children_of(project, found)
    (output,) = project.client.get_run(found.info.run_id).outputs.model_outputs
    model = project.client.get_logged_model(output.model_id)
    assert (model.name, model.status.value) == ("line", "READY")
    assert model.params["depth"] == "1"
    assert model.source_run_id == found.info.run_id
    mlflow.set_tracking_uri(project.server)
    assert mlflow.pyfunc.load_model(f"models:/{model.model_id}").predict([[3]])[0] > 5.9
    (version,) = project.client.search_model_versions(f"name = '{registered}'")
    assert model.model_id in version.source


ENDING = """
reach("last")
client = mlflow.MlflowClient()
run_id = mlflow.active_run().info.run_id
mlflow.log_metric("before", 1)
client.update_run(run_id, name="renamed")
client.set_terminated(run_id)
mlflow.flush_async_logging()
client.delete_tag(run_id, "nothing")
mlflow.log_metric("after", 1)
mlflow.end_run()
"""


@pytest.mark.parametrize(
    "when",
    [
        "offline",
        pytest.param("refuse", marks=pytest.mark.slow),
        pytest.param("later", marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_kept(
    make_fault_project: Callable[..., FaultProject], proxy: Proxy, when: str
) -> None:
    """A node that ends or renames the run runs on; what cannot be done is warned of."""
    tracking = {"timeout": 3.0, "mode": "offline" if when == "offline" else "online"}
    body = ENDING if when == "offline" else ENDING.replace("client.delete_tag", "# client.")
    project = make_fault_project(proxy.uri, own_node(body), catalog={}, tracking=tracking)
    if when == "later":
        run = run_away(project, proxy, "refuse")
    else:
        proxy.mode = "refuse"
        run = project.kedro()
        proxy.mode = "pass"
    found = synced(project, run)
    assert {"before": 1, "after": 1}.items() <= found.data.metrics.items()
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "renamed"
    assert ("`delete_tag`" in run.said) is (when == "offline")
    assert len(project.runs()) == 1
