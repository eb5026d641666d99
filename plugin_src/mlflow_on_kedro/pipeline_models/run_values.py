"""Take datasets from a finished run, to build a model of it later."""

from __future__ import annotations

from typing import Any

from kedro.io import AbstractDataset

from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.model_dataset import MLflowModelDataset
from .contents import Datasets


def load_from_run(
    run_id: str, uri: str, datasets: Datasets
) -> dict[str, AbstractDataset[Any, Any]]:
    """Make the MLflow datasets load what a run has saved; the others stay as they are.

    Args:
        run_id: The run.
        uri: The tracking URI.
        datasets: Datasets of the project's catalog, by their names.
    """
    found: dict[str, AbstractDataset[Any, Any]] = {}
    for name, dataset in datasets.items():
        if isinstance(dataset, MLflowDataset):
            found[name] = dataset.for_run(run_id, uri)
        elif isinstance(dataset, MLflowModelDataset):
            found[name] = dataset.for_run(run_id, uri, name)
        else:
            found[name] = dataset
    return found


def is_stored_in_run(dataset: AbstractDataset[Any, Any]) -> bool:
    """Whether runs store a dataset's values, so that they can be loaded from a run."""
    return isinstance(dataset, MLflowDataset | MLflowModelDataset)
