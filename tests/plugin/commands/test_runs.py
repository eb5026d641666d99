"""``kedro mlflow runs`` and ``show``, and the same from Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from mlflow_on_kedro.errors import MLflowOnKedroError

NODES = """
from kedro.pipeline import node, pipeline

def make(C):
    if C < 0:
        raise ValueError("negative")
    return {"C": C}, 1 - abs(C - 2) / 10

def create_pipeline():
    return pipeline([node(make, "params:C", ["report", "accuracy"], name="make")])
"""
CATALOG = {
    "report": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json", "artifact_path": "out"},
    "accuracy": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
}


def invoke(project: Any, *words: str) -> Result:
    """Run a command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", *words], obj=metadata)


@pytest.fixture
def project(make_project: Callable[..., Any]) -> Any:
    """A project in which nothing has run."""
    return make_project(NODES, catalog=CATALOG, parameters={"C": 1})


def test_from_runs_back_to_the_project(project: Any) -> None:
    """Which run was best, what was it, and how is it loaded."""
    for value in (1, 2, 3):
        project.session_run(runtime_params={"C": value, "mlflow": {"run": {"name": f"C{value}"}}})
    with pytest.raises(ValueError, match="negative"):
        project.session_run(runtime_params={"C": -1, "mlflow": {"run": {"name": "bad"}}})
    listed = invoke(project, "runs").output.splitlines()
    assert [line.split()[-2:] for line in listed] == [
        ["accuracy", "C"],
        ["s", "-1"],
        ["0.9", "3"],
        ["1", "2"],
        ["0.9", "1"],
    ]
    assert [line.split()[1] for line in listed] == ["name", "bad", "C3", "C2", "C1"]
    best = invoke(project, "runs", "--best", "metrics.accuracy", "--json")
    (content,) = json.loads(best.output)
    assert (content["name"], content["metrics"]) == ("C2", {"accuracy": 1.0})
    lowest = invoke(project, "runs", "--best", "accuracy", "--min", "--where", "params.C < 3")
    assert " C1 " in lowest.output

    entries = yaml.safe_load(invoke(project, "runs", "--best", "accuracy", "--load").output)
    assert entries == {
        "report": {
            "type": "mlflow_on_kedro.MLflowDataset",
            "dataset": "json",
            "artifact_path": "out",
            "loading_run_id": content["run_id"],
        }
    }
    project.write("conf/base/catalog.yml", yaml.safe_dump({**CATALOG, **entries}))
    context = project.context()
    assert context.catalog.load("report") == {"C": 2}

    shown = invoke(project, "show", content["run_id"][:8]).output
    for words in ("C2 FINISHED", "accuracy  1", "C  2", "out/report.json", "make  ", "kedro run"):
        assert words in shown
    failed = invoke(project, "show", "-o", "page.txt")
    assert (failed.output, failed.exit_code) == ("", 0)
    text = (project.root / "page.txt").read_text(encoding="utf-8")
    assert "failure  node make: ValueError: negative" in text
    assert json.loads(invoke(project, "show", "C1", "--json").output)["params"] == {"C": "1"}

    table = context.mlflow.runs("params.C >= 1", sort="metrics.accuracy")
    assert table["name"].iloc[0] == "C2"
    assert list(table["params.C"]) == [2, 3, 1]
    assert list(table["metrics.accuracy"]) == [1.0, 0.9, 0.9]
    assert str(table["start"].dtype).endswith("UTC]")
    assert context.mlflow.best("accuracy").info.run_name == "C2"
    assert context.mlflow.show().record.name == "bad"
    assert "ValueError: negative" in context.mlflow.show("latest")._repr_html_()
    assert context.mlflow.show(context.mlflow.best("accuracy")).record.name == "C2"
    with pytest.raises(
        MLflowOnKedroError, match=r"with metrics\.acuracy .* Did you mean 'accuracy'"
    ):
        context.mlflow.best("acuracy")


def test_files_of_equal_names(project: Any) -> None:
    """Each file gets an entry, and each entry loads its own file."""
    client = project.client
    location = (project.root / "artifacts").as_uri()
    run_id = client.create_run(client.create_experiment(project.package, location)).info.run_id
    files = {"scores.json": 1, "test/scores.json": 2, "train/scores.json": 3, "train/other.json": 4}
    for path, value in files.items():
        client.log_text(run_id, json.dumps(value), path)
    client.log_text(run_id, "a\n5\n", "train/scores.csv")
    client.set_terminated(run_id)
    words = ("runs", "--where", f"run_id = '{run_id}'", "--load")
    entries = yaml.safe_load(invoke(project, *words).output)
    assert len(entries) == 5
    project.write("conf/base/catalog.yml", yaml.safe_dump({**CATALOG, **entries}))
    catalog = project.context().catalog
    found = {catalog.load(name) for name in entries if name != "train_scores_csv"}
    assert found == set(files.values())
    assert list(catalog.load("train_scores_csv")["a"]) == [5]


def test_before_the_first_run(project: Any) -> None:
    """An empty list is one line that says what makes the first; for scripts it is an empty list."""
    result = invoke(project, "runs")
    assert result.exit_code == 1
    assert result.output.endswith("has no run yet: `kedro run` makes the first.\n")
    assert json.loads(invoke(project, "runs", "--json").output) == []
    assert len(project.context().mlflow.runs()) == 0
    assert invoke(project, "show").output.endswith("makes the first.\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runs", "--best", "accuracy", "--sort", "name"], "--best sorts already"),
        (["runs", "--min"], "--min is for --best"),
        (["runs", "--sort", "accuracy"], "Write `metrics.accuracy` for a metric"),
        (["runs", "--where", "a > 1"], "--where: 'a' is none of a run's values"),
        (
            ["runs", "--uri", "http://me:hunter2@127.0.0.1:9"],
            "MLflow at http://***@127.0.0.1:9 can",
        ),
        (["show", "--uri", "http://127.0.0.1:9"], "cannot be reached, so no run can be looked up"),
        (["show", "--uri", "http://127.0.0.1:9"], "Check the option --uri, and the server"),
        (["show", "ea2"], "The beginning of an id needs at least 4 characters"),
        (["runs", "--where", "status = FINISHD"], "They are FINISHED, FAILED, KILLED, RUNNING"),
        (["runs", "--where", "params.C >> 3"], "because '>>' is no comparison"),
        (["show", "none"], "has no run with the id or name 'none'"),
    ],
)
def test_mistakes(project: Any, words: list[str], message: str) -> None:
    """A mistake is one message, without a traceback."""
    result = invoke(project, *words)
    assert result.exit_code in {1, 2}
    assert message in result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)


def test_another_encoding(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A console that has no emojis shows question marks instead."""
    from mlflow_on_kedro.commands.output import write_text

    monkeypatch.setattr(
        sys,
        "stdout",
        SimpleNamespace(encoding="cp1252", write=sys.stdout.write, flush=sys.stdout.flush),
    )
    write_text("run 🍷")
    monkeypatch.undo()
    assert capsys.readouterr().out == "run ?\n"
