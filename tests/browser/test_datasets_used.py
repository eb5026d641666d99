"""The datasets that a run uses, as the MLflow UI shows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

PATIENCE = 60_000

NODES = """
from kedro.pipeline import node, pipeline

def count(wines):
    return len(wines)

def create_pipeline():
    return pipeline([node(count, "wines", "counted", name="count")])
"""


@pytest.mark.slow
def test_datasets_used(
    make_project: Callable[..., Any], mlflow_ui: Callable[[str], str], page: Page
) -> None:
    """The run's page lists a dataset, and opens its columns, its source and its profile."""
    catalog = {"wines": {"type": "pandas.CSVDataset", "filepath": "data/wines.csv"}}
    project = make_project(NODES, catalog=catalog)
    project.write("data/wines.csv", "alcohol,grape\n12.5,malbec\n13.0,syrah\n")
    project.session_run()
    run = project.run
    digest = run.inputs.dataset_inputs[0].dataset.digest
    base = mlflow_ui(project.uri)
    view = "workflowType=machine_learning"
    page.goto(f"{base}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}?{view}")
    expect(page.get_by_text("Finished", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("^Datasets( used)?$")).first).to_be_visible(timeout=PATIENCE)
    page.get_by_text(f"wines ({digest})").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("1 datasets used")).to_be_visible(timeout=PATIENCE)
    for text in (
        "data/wines.csv",
        "num rows: 2",
        "digest of: content",
        "alcohol",
        "grape",
        "double",
        "string",
    ):
        expect(drawer.get_by_text(text).first).to_be_visible(timeout=PATIENCE)
