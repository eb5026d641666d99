"""A run's trace, as the MLflow UI shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version
from playwright.sync_api import Page, expect

PATIENCE = 60_000

NODES = """
from kedro.pipeline import node, pipeline

def make():
    return 1

def use(made):
    raise ValueError("no use")

def create_pipeline():
    return pipeline([node(make, None, "made", name="make"), node(use, "made", "used", name="use")])
"""


@pytest.mark.slow
@pytest.mark.skipif(
    Version(mlflow.__version__).release[:2] < LEAST_MLFLOW, reason="traces need a newer MLflow"
)
def test_the_tab_of_a_run(
    make_project: Callable[..., Any], mlflow_ui: Callable[[str], str], page: Page
) -> None:
    """The run's tab lists the trace, which opens as a tree of nodes with what failed."""
    project = make_project(NODES, mlflow={"trace": True})
    with pytest.raises(ValueError, match="no use"):
        project.session_run()
    run = project.run
    base = mlflow_ui(project.uri)
    view = "workflowType=machine_learning"
    run_page = f"{base}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    page.goto(f"{run_page}/traces?{view}")
    page.get_by_text("tr-").first.click(timeout=PATIENCE)
    for text in ("load made", "save made", "Error"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=PATIENCE)
    page.get_by_text("load made", exact=True).first.click()
    for text in ("kedro.node", "kedro.dataset"):
        expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE)
