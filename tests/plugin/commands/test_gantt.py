"""``kedro mlflow gantt``: the Gantt chart of any run, drawn again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mlflow_on_kedro.commands.gantt import file_name

from tests.gantt_pages import spans

NODES = """
import time
from kedro.pipeline import node, pipeline

def make(n):
    time.sleep(0.05)
    return n

def use(x):
    time.sleep(0.05)
    if x < 0:
        raise ValueError("negative")
    return x

def create_pipeline():
    return pipeline([
        node(make, "params:n", "x", name="make"),
        node(use, "x", "y", name="use"),
        node(use, "x", "z", name="use_again"),
    ])
"""
CATALOG = {
    name: {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"} for name in ("x", "y", "z")
}


def gantt(project: Any, *words: str) -> Result:
    """Run the command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    return CliRunner().invoke(cli, ["mlflow", "gantt", *words], obj=metadata)


def shown(page: str) -> set[tuple[str, str]]:
    """The bars of a chart: colour and row."""
    return {(kind, bar["label"]) for kind, bars in spans(page).items() for bar in bars}


def bars(page: str) -> list[tuple[str, str, int, int]]:
    """The bars of a chart, with times in milliseconds."""
    return sorted(
        (kind, bar["label"], round(bar["begin"]), round(bar["end"]))
        for kind, found in spans(page).items()
        for bar in found
    )


@pytest.fixture
def make(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a project with three nodes."""

    def make(n: int = 1, **mlflow: Any) -> Any:
        return make_project(NODES, catalog=CATALOG, parameters={"n": n}, mlflow=mlflow)

    return make


def own_chart(run: Any) -> str:
    """The chart that the run itself has logged."""
    from mlflow.artifacts import load_text

    return str(load_text(f"{run.info.artifact_uri}/gantt.html"))


def test_it_is_the_same_picture(make: Any) -> None:
    """What is drawn from MLflow has the bars of the run's own chart, to the millisecond."""
    project = make(run={"name": "first try"})
    project.session_run()
    result = gantt(project)
    assert result.exit_code == 0, result.output
    path = project.root / "gantt-first_try.html"
    expected = f"first try ({project.run.info.run_id}): 3 nodes in "
    assert result.output.startswith(expected)
    assert result.output.endswith(f"The chart is in {path.name}.\n")
    again, own = bars(path.read_text(encoding="utf-8")), bars(own_chart(project.run))
    assert len(own) >= 8
    assert [bar[:2] for bar in again] == [bar[:2] for bar in own]
    for one, other in zip(again, own, strict=True):
        assert one[2:] == pytest.approx(other[2:], abs=2)


def test_any_run(make: Any) -> None:
    """A run is given by its id or name; a file is written where it is asked for."""
    project = make(run={"name": "one"})
    project.session_run(node_names=["make"])
    first = project.run.info.run_id
    project.session_run(runtime_params={"mlflow": {"run": {"name": "two"}}})
    for word in (first, "one"):
        result = gantt(project, word, "--output", f"charts/{word}.html")
        assert result.exit_code == 0, result.output
        page = (project.root / "charts" / f"{word}.html").read_text(encoding="utf-8")
        assert {row for _, row in shown(page)} == {"make"}


def test_a_failure(make: Any) -> None:
    """A node that failed is marked, also when the run's status is all that is known of it."""
    project = make(n=-1)
    with pytest.raises(ValueError, match="negative"):
        project.session_run()
    result = gantt(project, "-o", "a.html")
    assert "2 nodes in " in result.output
    assert ", 1 failed." in result.output
    assert ("failed", "use") in shown((project.root / "a.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "runner", ["ParallelRunner", pytest.param("ThreadRunner", marks=pytest.mark.slow)]
)
def test_other_runners(make: Any, runner: str) -> None:
    """A run of several processes or threads is whole."""
    project = make()
    done = project.kedro("run", f"--runner={runner}")
    assert done.returncode == 0, done.stderr
    assert gantt(project, "-o", "a.html").exit_code == 0
    page = (project.root / "a.html").read_text(encoding="utf-8")
    rows = {"make", "use", "use_again"}
    assert {row for kind, row in shown(page) if kind == "run"} == rows
    assert {row for kind, row in shown(page) if kind == "save"} == rows
    assert {row for kind, row in shown(page) if kind == "load"} == rows - {"make"}


def test_several_machines(make: Any) -> None:
    """Of processes that share a run all nodes are shown, and `--log` makes that the run's chart.

    The last process does so itself; `--log` is for a pipeline of which nodes never run.
    """
    project = make(run={"key": "job"})
    for node in ("make", "use"):
        project.session_run(node_names=[node])
    assert "gantt.html" not in project.artifacts(project.run.info.run_id)
    result = gantt(project, "--log")
    assert result.exit_code == 0, result.output
    assert "It is also the run's gantt.html: MLflow at sqlite:///" in result.output
    assert {row for _, row in shown(own_chart(project.run))} == {"make", "use"}
    project.session_run(node_names=["use_again"])
    whole = shown(own_chart(project.run))
    rows = {"make", "use", "use_again"}
    assert {row for kind, row in whole if kind == "run"} == rows
    assert {row for kind, row in whole if kind == "save"} == rows


def test_a_prefix(make: Any) -> None:
    """A run whose nodes were timed under a prefix tells it, whatever mlflow.yml says later."""
    project = make(time={"prefix": "_time_to_run ", "gantt_params": {"title": "Nightly"}})
    project.session_run()
    project.write("conf/base/mlflow.yml", "")
    result = gantt(project, "-o", "a.html")
    assert result.exit_code == 0, result.output
    page = (project.root / "a.html").read_text(encoding="utf-8")
    assert {row for _, row in shown(page)} == {"make", "use", "use_again"}


def test_a_run_without_timings(make: Any) -> None:
    """A run that was not timed is said to be so."""
    project = make(time={"enabled": False}, run={"name": "bare"})
    project.session_run()
    result = gantt(project)
    assert result.exit_code == 1
    assert re.match(r"Error: The run bare \(\w+\) has no timings: its pipeline", result.output)
    assert list(project.root.glob("*.html")) == []


def test_no_such_run(make: Any) -> None:
    """A run that there is not is said, without a traceback."""
    project = make()
    result = gantt(project, "last")
    assert result.exit_code == 1
    assert "has no run yet: `kedro run` makes the first." in result.output


def test_a_file_that_cannot_be_written(make: Any) -> None:
    """Nor is a full disk or a bad path a traceback."""
    project = make()
    project.session_run()
    project.write("file", "")
    result = gantt(project, "-o", "file/a.html")
    assert result.exit_code == 1
    assert re.search(r"Error: file.a\.html could not be written: ", result.output)


@pytest.mark.parametrize("name", ["../../evil", "..", "", "a/b\\c:d*?", "x" * 500, "\n"])
def test_file_name(name: str) -> None:
    """Whatever a run is called, the file lies in the current folder."""
    made = file_name(name)
    assert made
    assert len(made) <= 100
    assert Path(f"gantt-{made}.html").name == f"gantt-{made}.html"
