"""The experiment of a project: its tags, and what becomes of a run whose experiment was deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError

NODES = """
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: 1, None, "one", name="one")])
"""


def journals(project: Any) -> list[Path]:
    """The journals that wait."""
    return list((project.root / ".mlflow_on_kedro" / "journal").glob("*/run.json"))


def test_tags(make_project: Any) -> None:
    """`experiment.tags` are those of the experiment."""
    project = make_project(NODES, mlflow={"experiment": {"tags": {"team": "wine", "year": 2026}}})
    project.session_run()
    tags = project.client.get_experiment_by_name(project.package).tags
    assert (tags["team"], tags["year"]) == ("wine", "2026")


@pytest.fixture
def deleted(make_project: Any) -> Any:
    """A project whose experiment was deleted, and is not to be restored."""
    project = make_project(NODES, mlflow={"tracking": {"on_failure": "warn"}})
    project.session_run()
    found = project.client.get_experiment_by_name(project.package)
    project.client.delete_experiment(found.experiment_id)
    project.write("conf/local/mlflow.yml", "experiment: {restore_if_deleted: false}")
    return project


def test_not_restored(deleted: Any, said: list[str]) -> None:
    """One warning says how to go on; the pipeline runs, and its run is delivered later."""
    assert deleted.session_run()["one"].load() == 1
    (warning,) = said
    assert "`experiment.restore_if_deleted` is false" in warning
    assert "`kedro mlflow sync`" in warning
    assert len(journals(deleted)) == 1
    found = deleted.client.get_experiment_by_name(deleted.package)
    assert found.lifecycle_stage == "deleted"
    deleted.client.restore_experiment(found.experiment_id)
    done = deleted.kedro("run")  # delivers what waits
    assert done.returncode == 0, done.stdout + done.stderr
    assert journals(deleted) == []
    assert len(deleted.runs()) == 3


def test_not_restored_but_raised(deleted: Any) -> None:
    """With `on_failure: raise` the pipeline does not run."""
    text = "{experiment: {restore_if_deleted: false}, tracking: {on_failure: raise}}"
    deleted.write("conf/local/mlflow.yml", text)
    with pytest.raises(MLflowOnKedroError, match="was deleted"):
        deleted.session_run()
