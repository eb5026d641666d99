"""Values and files, logged as MLflow's documentation does."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric, Param, RunTag

A, B, C = "a.txt", "b.txt", "c"


def refused(call: Any, *args: Any, **named: Any) -> str:
    """Name the error that a call raises."""
    try:
        call(*args, **named)
    except Exception as error:
        return type(error).__name__
    return "not refused"


def run_id() -> str:
    """The id of the active run."""
    active = mlflow.active_run()
    assert active is not None
    return str(active.info.run_id)


def params() -> Any:
    mlflow.log_param("one", 1)
    mlflow.log_param("one", 1)
    mlflow.log_params({"two": [1, 2], "three": None, "nested": {"a": {"b": 1}}, "long": "x" * 6000})
    mlflow.log_param("late", "x", synchronous=False).wait()
    return [
        mlflow.log_param("given", 2.5),
        refused(mlflow.log_param, "one", 2),
        refused(mlflow.log_param, "bad?key!", 2),
        refused(mlflow.log_params, {"two": [1, 2], "four": 4, "one": 3}),
    ]


def metrics() -> Any:
    import numpy as np

    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"a": step, "b": np.float32(step)}, step=step)
    for value in (3, 1, 2):
        mlflow.log_metric("without_step", value)
    mlflow.log_metric("backwards", 1, step=10)
    mlflow.log_metric("backwards", 2, step=5)
    mlflow.log_metric("backwards", 3, step=-1, timestamp=1_700_000_000_000)
    mlflow.log_metric("truth", True)
    mlflow.log_metric("nan", float("nan"))
    mlflow.log_metric("inf", float("inf"))
    return [
        refused(mlflow.log_metric, "text", "x"),
        refused(mlflow.log_metric, "none", None),
        refused(mlflow.log_metric, "bad?key!", 1),
    ]


def later() -> Any:
    operations = [mlflow.log_metric("late", n, step=n, synchronous=False) for n in range(4)]
    operations.append(mlflow.log_metrics({"late_a": 1, "late_b": 2}, synchronous=False))
    operations.append(mlflow.log_params({"late_p": 1}, synchronous=False))
    operations.append(mlflow.set_tag("late_t", "x", synchronous=False))
    for each in operations:
        each.wait()
    found = mlflow.get_run(run_id()).data
    mlflow.log_metric("never_waited_for", 1, synchronous=False)
    return [found.metrics["late"], found.metrics["late_b"], found.params["late_p"]]


def flushed() -> Any:
    mlflow.log_metrics({"flushed": 1}, synchronous=False)
    mlflow.flush_async_logging()
    return mlflow.get_run(run_id()).data.metrics["flushed"]


def tags() -> Any:
    mlflow.set_tag("kind", "x")
    mlflow.set_tag("kind", "y")
    mlflow.set_tags({"n": 1, "gone": 2, "mlflow.note.content": "# About", "mlflow.mine": "z"})
    mlflow.delete_tag("gone")
    return refused(mlflow.delete_tag, "never_there")


def tag_of_long_ago() -> Any:
    mlflow.set_tag("short_lived", "x")
    before = mlflow.get_run(run_id()).data.tags.get("short_lived")
    mlflow.delete_tag("short_lived")
    return [before, mlflow.get_run(run_id()).data.tags.get("short_lived")]


def artifacts() -> Any:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / A).write_text("a", encoding="utf-8")
        (folder / C).mkdir()
        (folder / C / B).write_text("b", encoding="utf-8")
        mlflow.log_artifact(str(folder / A))
        mlflow.log_artifact(str(folder / A), "in/folder")
        mlflow.log_artifacts(place, "all")
        missing = refused(mlflow.log_artifact, str(folder / "missing"))
    mlflow.log_text("x", "text/x.txt")
    mlflow.log_text("y", "text/x.txt")
    mlflow.log_dict({"a": [1, 2]}, "dict.json")
    mlflow.log_dict({"a": [1, 2]}, "dict.yaml")
    client = mlflow.MlflowClient()
    return [
        missing,
        mlflow.get_artifact_uri("in").endswith("/artifacts/in"),
        mlflow.artifacts.load_text(f"runs:/{run_id()}/text/x.txt"),
        mlflow.artifacts.load_dict(mlflow.get_artifact_uri("dict.json")),
        Path(mlflow.artifacts.download_artifacts(run_id=run_id(), artifact_path=A)).read_text(),
        Path(client.download_artifacts(run_id(), "in/folder/a.txt")).read_text(),
        sorted(item.path for item in client.list_artifacts(run_id(), "all")),
        {A, "in", "dict.json"}
        <= {item.path for item in mlflow.artifacts.list_artifacts(run_id=run_id())},
    ]


def deleted_artifact() -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    mlflow.log_text("x", "deleted/x.txt")
    get_artifact_repository(mlflow.get_artifact_uri()).delete_artifacts("deleted/x.txt")
    return [item.path for item in mlflow.MlflowClient().list_artifacts(run_id(), "deleted")]


def pictures() -> Any:
    import numpy as np
    import plotly.graph_objects as go

    mlflow.log_figure(go.Figure(go.Scatter(y=[1, 2])), "figure.html")
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "image.png")
    for step in range(2):
        mlflow.log_image(np.zeros((4, 4), dtype=np.uint8), key="seen", step=step)


def tables() -> Any:
    import pandas as pd

    mlflow.log_table({"question": ["a"], "answer": ["b"]}, "table.json")
    mlflow.log_table(pd.DataFrame({"question": ["c"], "answer": ["d"]}), "table.json")
    mlflow.log_table({"x": [1, 2]}, "table.parquet")
    table = mlflow.load_table("table.json", run_ids=[run_id()])
    return table.to_dict("list")


def client() -> Any:
    mine = mlflow.MlflowClient()
    here = run_id()
    mine.log_metric(here, "m", 1.5, step=3, timestamp=7)
    mine.log_param(here, "p", "x")
    mine.set_tag(here, "t", "x")
    mine.log_batch(
        here,
        metrics=[Metric("batch", n, 1, n) for n in range(1010)],
        params=[Param(f"batch_{n}", str(n)) for n in range(105)],
        tags=[RunTag("batch_t", "x")],
    )
    mine.log_text(here, "x", "client.txt")
    mine.log_dict(here, {"a": 1}, "client.json")
    mine.set_tag(here, "gone", "x")
    mine.delete_tag(here, "gone")
    history = mine.get_metric_history(here, "batch")
    return [len(history), history[-1].step, mine.get_run(here).data.params["batch_104"]]


def inputs() -> Any:
    import pandas as pd

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    data = mlflow.data.from_pandas(frame, source="data.csv", name="frame", targets="y")
    mlflow.log_input(data, context="training", tags={"mine": "1"})
    mlflow.log_input(data, context="validation")
    found = mlflow.get_run(run_id()).inputs.dataset_inputs
    return sorted(each.dataset.name for each in found if each.dataset.name == "frame")


def assessments_and_spans() -> Any:
    @mlflow.trace
    def answer(question: str) -> str:
        with mlflow.start_span("inner") as span:
            span.set_inputs({"question": question})
        return question.upper()

    answers = [answer("a"), answer("b")]
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    mlflow.set_trace_tag(trace_id, "mine", "x")
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True)
    trace = mlflow.get_trace(trace_id)
    return [
        answers,
        len(trace.data.spans),
        trace.info.tags["mine"],
        trace.info.trace_metadata["mlflow.sourceRun"] == run_id(),
        [each.name for each in trace.info.assessments],
    ]


def outside_of_a_trace() -> Any:
    span = mlflow.start_span_no_context("by hand", inputs={"x": 1})
    span.end(outputs=2)
    with mlflow.start_span("a block"):
        mlflow.update_current_trace(tags={"mine": "block"})


SNIPPETS = (
    params, metrics, later, flushed, tags, tag_of_long_ago, artifacts, deleted_artifact, pictures,
    tables, client, inputs, assessments_and_spans, outside_of_a_trace,
)  # fmt: skip
