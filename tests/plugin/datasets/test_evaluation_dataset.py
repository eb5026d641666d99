"""MLflowEvaluationDataset: an evaluation dataset of MLflow, loaded as a table."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowEvaluation, MLflowEvaluationDataset
from mlflow_on_kedro.datasets.evaluation import LEAST_MLFLOW
from mlflow_on_kedro.utils import mlflow_version

pytestmark = pytest.mark.skipif(
    mlflow_version.major_minor(mlflow_version.mlflow_version()) < LEAST_MLFLOW,
    reason="MLflow has no evaluation datasets",
)
RECORD = {"inputs": {"question": "Why?"}, "expectations": {"expected_response": "Because."}}


def bound(dataset: str, uri: str, root: Path) -> MLflowEvaluationDataset:
    """The dataset `questions` of a project."""
    made = MLflowEvaluationDataset(dataset)
    made.bind("questions", root, uri)
    return made


def test_load(store_uri: str, tmp_path: Path) -> None:
    """By its name and by its id; one that is not there, or only loads, is one message."""
    from mlflow.genai import datasets

    mlflow.set_tracking_uri(store_uri)
    created = datasets.create_dataset(name="support", experiment_id="0")
    created.merge_records([dict(RECORD)])
    mlflow.set_tracking_uri(None)
    for name in ("support", created.dataset_id):
        dataset = bound(name, store_uri, tmp_path)
        assert dataset.load().to_dict(orient="records") == [RECORD]
        assert dataset.exists()
    missing = bound("suport", store_uri, tmp_path)
    assert not missing.exists()
    with pytest.raises(DatasetError, match="has no evaluation dataset 'suport'"):
        missing.load()
    with pytest.raises(DatasetError, match="has no evaluation dataset 'd-0"):
        bound(f"d-{'0' * 32}", store_uri, tmp_path).load()
    with pytest.raises(DatasetError, match=f"the type mlflow_on_kedro.{MLflowEvaluation.__name__}"):
        dataset.save([])
