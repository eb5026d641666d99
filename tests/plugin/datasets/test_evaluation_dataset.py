"""MLflowEvaluationDataset: an evaluation dataset of MLflow, loaded as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowEvaluation, MLflowEvaluationDataset
from mlflow_on_kedro.datasets import evaluation
from mlflow_on_kedro.datasets.evaluation import LEAST_MLFLOW
from mlflow_on_kedro.utils import mlflow_version

pytestmark = pytest.mark.skipif(
    mlflow_version.major_minor(mlflow_version.mlflow_version()) < LEAST_MLFLOW,
    reason="MLflow has no evaluation datasets",
)
RECORD = {"inputs": {"question": "Why?"}, "expectations": {"expected_response": "Because."}}


EMPTY = {"inputs": {"question": "Who?"}}


def bound(dataset: str, uri: str, root: Path) -> MLflowEvaluationDataset:
    """The dataset `questions` of a project."""
    made = MLflowEvaluationDataset(dataset)
    made.bind("questions", root, uri)
    return made


def test_load(store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name and by its id; one that is not there, or only loads, is one message."""
    from mlflow.genai import datasets

    monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri)
    created = datasets.create_dataset(name="support", experiment_id="0")
    created.merge_records([dict(RECORD)])
    for name in ("support", created.dataset_id):
        dataset = bound(name, store_uri, tmp_path)
        assert dataset.load().to_dict(orient="records") == [RECORD]
        assert dataset.exists()
    others = datasets.create_dataset(name="others", experiment_id="0")
    assert list(bound("others", store_uri, tmp_path).load().columns) == ["inputs", "expectations"]
    others.merge_records([dict(EMPTY)])
    assert list(bound("others", store_uri, tmp_path).load().columns) == ["inputs", "expectations"]
    missing = bound("suport", store_uri, tmp_path)
    assert not missing.exists()
    with pytest.raises(DatasetError, match="has no evaluation dataset 'suport'"):
        missing.load()
    with pytest.raises(DatasetError, match="has no evaluation dataset 'd-0"):
        bound(f"d-{'0' * 32}", store_uri, tmp_path).load()
    with pytest.raises(DatasetError, match=f"the type mlflow_on_kedro.{MLflowEvaluation.__name__}"):
        dataset.save([])


def test_an_older_mlflow(monkeypatch: pytest.MonkeyPatch, store_uri: str, tmp_path: Path) -> None:
    """What it needs is said before the pipeline runs, and when it is loaded."""
    monkeypatch.setattr(evaluation, "LEAST_MLFLOW", (99, 0))
    dataset = bound("support", store_uri, tmp_path)
    for ask in (dataset.check, dataset.load):
        with pytest.raises(DatasetError, match=r"needs MLflow 99\.0 or later, and \d"):
            ask()
    assert not dataset.exists()
    wrong: Any = 4
    with pytest.raises(DatasetError, match="`dataset` must be a text, not 4"):
        MLflowEvaluationDataset(wrong)
