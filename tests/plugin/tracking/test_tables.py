"""The tag by which MLflow knows a run's tables."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_ARTIFACTS
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.tracking import tables
from mlflow_on_kedro.utils.mlflow_limits import MAX_TAG_LENGTH


def test_the_tag_is_mlflows() -> None:
    """Its name is written here, so that MLflow need not be imported."""
    assert tables.TAG == MLFLOW_LOGGED_ARTIFACTS


def test_listings_are_joined_once_each() -> None:
    """Each table is listed once, and what is no listing takes nothing with it."""
    both = tables.joined(tables.listing("a.json"), tables.listing("b.json"))
    assert [item["path"] for item in json.loads(both)] == ["a.json", "b.json"]
    assert tables.joined(both, None, "[cut o", '"text"', tables.listing("a.json")) == both


def test_tables_beyond_the_tags_length_are_said(caplog: pytest.LogCaptureFixture) -> None:
    """The tag stays readable JSON within MLflow's limit."""
    with caplog.at_level(logging.WARNING):
        tag = tables.joined(*(tables.listing(f"{'x' * 100}{n}.json") for n in range(100)))
    assert len(tag) <= MAX_TAG_LENGTH
    assert 10 < len(json.loads(tag)) < 100
    assert "no room to list" in caplog.text


def test_tables_logged_by_mlflow_itself_stay_listed(store_uri: str, tmp_path: Path) -> None:
    """`mlflow.load_table` finds the tables of a node's own call beside those of datasets."""
    mlflow.set_tracking_uri(store_uri)
    with mlflow.start_run(experiment_id="0") as run:
        mlflow.log_table({"a": [1]}, "own.json")
        for name in ("first", "second"):
            path = tmp_path / f"{name}.json"
            dataset = MLflowDataset("table", path, name, artifact_path="reports")
            dataset.save(pd.DataFrame({"a": [2, 3], "s": ["é", None]}))
    for artifact, rows in {
        "own.json": [1],
        "reports/first.json": [2, 3],
        "reports/second.json": [2, 3],
    }.items():
        assert mlflow.load_table(artifact, [run.info.run_id])["a"].tolist() == rows
