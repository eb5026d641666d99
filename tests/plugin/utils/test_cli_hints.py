"""The commands that a user is told to give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow_on_kedro.utils import cli_hints

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one")])
"""


def test_in_a_project(make_project: Any) -> None:
    """In a project they are its own commands."""
    project = make_project(NODES)
    assert cli_hints.to_view(project.uri, project.root) == "kedro mlflow ui --last"
    assert cli_hints.to_deliver(project.root) == "`kedro mlflow sync` delivers it"
    assert (
        cli_hints.to_view(project.uri, project.root, "prod") == "kedro mlflow ui --last --env prod"
    )
    assert (
        cli_hints.to_deliver(project.root, "prod") == "`kedro mlflow sync --env prod` delivers it"
    )


def test_elsewhere(tmp_path: Path) -> None:
    """Where a packaged project runs there are none, so it is MLflow's own, or with a path."""
    uri = "postgresql://me:hunter2@host/db"
    assert cli_hints.to_view(uri, tmp_path) == (
        "mlflow ui --backend-store-uri postgresql://***@host/db"
    )
    assert f"`kedro mlflow sync {tmp_path}` in the Kedro project" in cli_hints.to_deliver(tmp_path)
