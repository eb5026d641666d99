"""The wiring: Kedro, the plugin and MLflow work together, whatever the pipelines are."""

from collections.abc import Callable

import click
import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.pipeline import Pipeline, node
from mlflow.entities import Run

from {{ cookiecutter.python_package }} import cli


def answer() -> float:
    """Return a number, as a node of a pipeline."""
    return 42.0


def test_a_run_is_tracked(
    session: KedroSession, last_run: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline without a line of MLflow code is a finished run with its output as a metric."""
    pipeline = Pipeline([node(answer, None, "the_answer", name="answer")])
    monkeypatch.setitem(pipelines, "__default__", pipeline)
    session.run()
    run = last_run()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["the_answer"] == answer()


def test_commands() -> None:
    """``kedro mlflow ui`` is there, and what ``python -m`` looks for."""
    group = cli.cli.commands["mlflow"]
    assert "ui" in group.list_commands(click.Context(group))
    assert cli.run.name == "run"
