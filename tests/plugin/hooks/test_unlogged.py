"""What automatic logging leaves out: said once for a run, and kept in it."""

from __future__ import annotations

import json
import logging
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro import UnloggedValueError

NODES = """
import pandas as pd
from kedro.pipeline import node, pipeline

def make(seed):
    frame = pd.DataFrame({"a": [1]})
    labels = {f"row {n}": n for n in range(50_000)}
    return frame, labels, ["great wine"] * 25_000, [0.5 / (n + 1) for n in range(1000)]

def use(frame, labels, reviews, losses):
    texts = {"text": "x" * 300, 'of "http://host?sig=hunter2"': "x" * 300}
    return {"f1": 0.5, **texts, "password": "hunter2"}

def create_pipeline():
    made = ["frame", "labels", "reviews", "losses"]
    return pipeline([
        node(make, "params:seed", made, name="make"), node(use, made, "scores", name="use"),
    ])
"""
LEFT_OUT = {
    "frame": "DataFrame",
    "labels": "dict of 50,000 items",
    "reviews": "list of 25,000 items",
    "scores.text": "text of 300 characters",
    'scores.of "http://host?sig=***"': "text of 300 characters",
    "scores.password": "secret",
}


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """What is said of values that are not logged."""
    found: list[logging.LogRecord] = []
    handler = logging.Handler(logging.INFO)
    handler.addFilter(lambda record: "Not logged" in record.getMessage())
    handler.emit = found.append  # type: ignore[method-assign]
    logger = logging.getLogger("mlflow_on_kedro")
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


def kept(project: Any, folder: Path) -> dict[str, str]:
    """Names and kinds of what the run says was not logged."""
    path = project.client.download_artifacts(
        project.run.info.run_id, "kedro/not_logged.json", str(folder)
    )
    return {row["name"]: row["what"] for row in json.loads(Path(path).read_text("utf-8"))}


@pytest.mark.parametrize("runner", ["SequentialRunner", "ParallelRunner"])
def test_one_line_and_a_list(
    make_project: Any, lines: list[logging.LogRecord], tmp_path: Path, runner: str
) -> None:
    """Training data stays out of the run, in workers too; one line at INFO and a file say so."""
    import kedro.runner

    project = make_project(NODES, parameters={"seed": 1})
    project.session_run(runner=getattr(kedro.runner, runner)())
    run = project.run
    assert run.data.params == {"seed": "1"}
    metrics = {name for name in run.data.metrics if not name.startswith("system/time/")}
    assert metrics == {"losses", "scores.f1"}
    points = project.client.get_metric_history(run.info.run_id, "losses")
    assert max((point.step, point.value) for point in points) == (999, 0.0005)
    assert "hunter2" not in str(run.to_dictionary())

    (line,) = lines
    text = line.getMessage()
    assert line.levelno == logging.INFO
    assert "labels (dict of 50,000 items)" in text
    assert text.startswith("Logged 2 metrics, 1 param")
    assert "kedro/not_logged.json" in text
    assert "\n" not in text
    assert kept(project, tmp_path) == LEFT_OUT


def test_the_user_says_more(make_project: Any, lines: list[logging.LogRecord]) -> None:
    """`max_length` and `max_leaves` allow more, and `mlflow_catalog` logs or leaves out by name."""
    text = NODES.replace("50_000", "150").replace("25_000", "30")
    ways = {"frame": None, "reviews": "json", "scores": {"dataset": "a"}}
    config = {"catalog": {"max_leaves": 150, "max_length": 300, "mlflow_catalog": ways}}
    project = make_project(text, parameters={"seed": 1}, mlflow=config)
    project.session_run()
    run = project.run
    assert run.data.metrics["labels.row 149"] == 149
    assert run.data.params["scores.text"] == "x" * 300
    assert "reviews.json" in project.artifacts(run.info.run_id)
    assert "kedro/not_logged.json" not in project.artifacts(run.info.run_id)
    assert lines == []


@pytest.mark.parametrize(("choice", "level"), [("warn", logging.WARNING), ("ignore", None)])
def test_how_it_is_said(
    make_project: Any, lines: list[logging.LogRecord], choice: str, level: int | None
) -> None:
    """`unlogged: warn` makes the line a warning; with `ignore` there is neither line nor file."""
    settings = f"""
    from mlflow_on_kedro import MLflowCatalogLoggerHook, MLflowDataSetsLoggerHook

    HOOKS = (MLflowCatalogLoggerHook(unlogged={choice!r}), MLflowDataSetsLoggerHook())
    """
    config = {"catalog": {"unlogged": choice}}
    project = make_project(
        NODES, parameters={"seed": 1}, mlflow=config, settings=textwrap.dedent(settings)
    )
    project.session_run()
    assert [line.levelno for line in lines] == ([level] if level else [])
    artifacts = project.artifacts(project.run.info.run_id)
    assert artifacts == ({"kedro/not_logged.json"} if level else set())


def test_error(make_project: Any) -> None:
    """`unlogged: error` fails the node, with a message that names the value and the ways out."""
    config = {"catalog": {"unlogged": "error"}}
    project = make_project(NODES, parameters={"seed": 1}, mlflow=config)
    with pytest.raises(UnloggedValueError, match=r"'frame' \(DataFrame\).*dataset: csv.*null"):
        project.session_run()
    assert project.run.info.status == "FAILED"


@pytest.mark.parametrize("way", ["the catalog", "mlflow.yml"])
def test_a_part_of_a_value_by_its_type(make_project: Any, tmp_path: Path, way: str) -> None:
    """What the rule by type cannot log is named, too, though the value is listed."""
    nodes = """
    import numpy as np
    from kedro.pipeline import node, pipeline

    def make(n):
        return {"coef": np.ones(3), "n": n, "nothing": None}

    def create_pipeline():
        return pipeline([node(make, "params:n", "weights", name="make")])
    """
    entry = {"weights": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "a"}}
    in_catalog = way == "the catalog"
    project = make_project(
        textwrap.dedent(nodes),
        parameters={"n": 3},
        catalog=entry if in_catalog else {},
        mlflow={} if in_catalog else {"catalog": {"mlflow_catalog": {"weights": "a"}}},
    )
    project.session_run()
    assert project.run.data.metrics["weights.n"] == 3
    assert kept(project, tmp_path) == {"weights.coef": "ndarray"}
