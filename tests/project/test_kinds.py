"""Tables, dicts, texts, figures and series of metrics: patterns, `mlflow_catalog`, runners."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kedro.runner
import mlflow
import pytest
import yaml

NODES = """
import pandas as pd
from kedro.pipeline import node, pipeline
from matplotlib.figure import Figure
from plotly import graph_objects as go

ROWS = {"question": ["What?", "Où?"], "score": [0.5, None]}

def make():
    drawing = Figure()
    drawing.subplots().set_title("Curve")
    chart = go.Figure(go.Bar(x=[1, 2], y=[3, 4]))
    report = {"name": "é", "sizes": (1, 2)}
    return ROWS, pd.DataFrame(ROWS), report, "a note", chart, drawing, {0: 1.0, 10: 0.5}

def make_more():
    return pd.DataFrame(ROWS), {"a": 1}, "free", go.Figure(), [0.5, 0.25]

def read(rows, frame, report, note, chart, drawing, loss):
    expected = pd.DataFrame(ROWS)
    assert pd.DataFrame(rows).equals(expected)
    assert frame.equals(expected)
    assert report["name"] == "é"
    assert list(report["sizes"]) == [1, 2]
    assert note == "a note"
    assert isinstance(chart, go.Figure) or "<html" in chart
    assert isinstance(drawing, Figure) or "<svg" in drawing
    assert [point["step"] for point in loss] == [0, 10]
    return True

LISTED = ["rows_table", "frame_table", "report_dict", "note_text", "chart_figure", "curve_figure",
          "loss_history"]
UNLISTED = ["answers", "summary", "memo", "plot", "losses"]

def create_pipeline():
    return pipeline([
        node(make, None, LISTED, name="make"),
        node(make_more, None, UNLISTED, name="make_more"),
        node(read, LISTED, "is_same", name="read"),
    ])
"""

TYPE = "mlflow_on_kedro.MLflowDataset"
CATALOG: dict[str, dict[str, Any]] = {
    "{name}_table": {"type": TYPE, "dataset": "table", "artifact_path": "tables"},
    "{name}_dict": {"type": TYPE, "dataset": "dict", "filepath": "data/{name}.yml"},
    "{name}_text": {"type": TYPE, "dataset": "text"},
    "{name}_figure": {"type": TYPE, "dataset": "figure"},
    "{name}_history": {"type": TYPE, "dataset": "m", "load_args": {"mode": "history"}},
    "is_same": {"type": "json.JSONDataset", "filepath": "is_same.json"},
}
MLFLOW_CATALOG = {
    "answers": {"dataset": "table", "artifact_path": "tables"},
    "summary": "dict",
    "memo": "text",
    "plot": "figure",
    "losses": {"dataset": "m", "save_args": {"mode": "append"}},
}


@pytest.mark.parametrize(
    "runner",
    ["SequentialRunner", "ThreadRunner", pytest.param("ParallelRunner", marks=pytest.mark.slow)],
)
def test_kinds(make_project: Callable[..., Any], runner: str) -> None:
    """All are in the run, whoever has logged them, and come back from file and from MLflow."""
    # What no catalog lists stays in memory, which no other process sees, so nothing reads it.
    project = make_project(
        NODES,
        catalog={**CATALOG, "{default}": {"type": "pickle.PickleDataset", "filepath": "{default}"}},
        mlflow={"catalog": {"mlflow_catalog": MLFLOW_CATALOG}, "time": {"gantt": False}},
    )
    if runner == "ParallelRunner":
        result = project.kedro("run", "--runner", runner)
        assert result.returncode == 0, result.stdout + result.stderr
    else:
        project.session_run(runner=getattr(kedro.runner, runner)())
    run = project.run
    tables = {f"tables/{name}.json" for name in ("rows_table", "frame_table", "answers")}
    artifacts = project.artifacts(run.info.run_id)
    assert artifacts >= tables | {
        "report.yml",
        "note_text.txt",
        "chart_figure.html",
        "curve_figure.html",
        "summary.json",
        "memo.txt",
        "plot.html",
    }
    listed = json.loads(run.data.tags["mlflow.loggedArtifacts"])
    assert {item["path"] for item in listed} == tables
    mlflow.set_tracking_uri(project.uri)
    for table in tables:
        loaded = project.client.load_table(run.info.experiment_id, table, [run.info.run_id])
        assert loaded["question"].tolist() == ["What?", "Où?"]
    steps = {
        key: [point.step for point in project.client.get_metric_history(run.info.run_id, key)]
        for key in ("loss_history", "losses")
    }
    assert steps == {"loss_history": [0, 10], "losses": [0, 1]}
    check_page(project, run.info.run_id, "chart_figure.html", "Plotly.newPlot")
    check_page(project, run.info.run_id, "curve_figure.html", "<svg")
    if runner == "SequentialRunner":
        read_again(project, run.info.run_id)


def check_page(project: Any, run_id: str, artifact: str, content: str) -> None:
    """An artifact is a page that has the content and fetches no script."""
    page = Path(project.client.download_artifacts(run_id, artifact)).read_text(encoding="utf-8")
    assert content in page
    assert "<script src=" not in page


def read_again(project: Any, run_id: str) -> None:
    """A later session loads the files, and one that has MLflow only loads from the run."""
    project.session_run(node_names=["read"])
    shutil.rmtree(project.root / "data")
    here = {"loading_run_id": run_id}
    catalog = {
        name: {**entry, **here} if entry["type"] == TYPE else entry
        for name, entry in CATALOG.items()
    }
    catalog["{name}_dict"].pop("filepath")
    catalog["report_dict"] = {**CATALOG["{name}_dict"], **here, "filepath": "data/report.yml"}
    project.write("conf/reload/catalog.yml", yaml.safe_dump(catalog))
    project.session_run(node_names=["read"], env="reload")
    assert not (project.root / "data").exists()
