"""A real run as the MLflow UI shows it to a fresh browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

PATIENCE = 60_000

NODES = """
from kedro.pipeline import node, pipeline

def train(depth):
    return {"weights": [depth]}, 0.875

def create_pipeline():
    return pipeline([node(train, "params:depth", ["model", "score"], name="train")])
"""
CATALOG = {
    "model": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"},
    "score": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
}


def test_a_run_with_all_that_was_logged(
    make_project: Callable[..., Any], mlflow_ui: Callable[[str], str], page: Page
) -> None:
    """The list has it; its page has metrics, parameters and artifacts, and timings apart."""
    project = make_project(
        NODES,
        catalog=CATALOG,
        parameters={"depth": 7},
        mlflow={"run": {"name": "seventh-try", "description": "Deeper **trees**"}},
    )
    project.session_run()
    run = project.run.info
    base = mlflow_ui(project.uri)
    view = "workflowType=machine_learning"

    # The two addresses that `kedro mlflow ui` prints.
    page.goto(f"{base}/#/experiments?{view}")
    expect(page.get_by_text(project.package).first).to_be_visible(timeout=PATIENCE)
    page.goto(f"{base}/#/experiments/{run.experiment_id}/runs?{view}")
    expect(page.get_by_text("seventh-try").first).to_be_visible(timeout=PATIENCE)

    page.goto(f"{base}/#/experiments/{run.experiment_id}/runs/{run.run_id}?{view}")
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.locator("strong", has_text="trees")).to_be_visible()
    for text in ("system/time/pipeline", "system/time/train", "score", "0.875", "depth"):
        expect(page.get_by_text(text, exact=True).first).to_be_attached()

    address = f"{base}/#/experiments/{run.experiment_id}/runs/{run.run_id}"
    for tab, charts, others in (
        ("model-metrics", ["score"], ["train", "pipeline"]),
        ("system-metrics", ["train", "pipeline"], ["score"]),
    ):
        page.goto(f"{address}/{tab}?{view}")
        for name in charts:
            heading = page.get_by_role("heading", name=name, exact=True)
            expect(heading).to_be_visible(timeout=PATIENCE)
        for name in others:
            expect(page.get_by_role("heading", name=name, exact=True)).to_have_count(0)

    page.goto(f"{address}/artifacts?{view}")
    for name in ("gantt.html", "model.json"):
        expect(page.get_by_text(re.compile(rf"^{re.escape(name)}$")).first).to_be_visible(
            timeout=PATIENCE
        )
