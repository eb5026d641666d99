"""The entries of MLflow datasets in catalog.yml: checked and completed before Kedro reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kedro.io import DatasetError

from .dataset import MLflowDataset
from .datasets import backends
from .datasets.arguments import check_arguments, check_values
from .datasets.tracked import default_filepath
from .model_dataset import MLflowModelDataset

_FILE_TYPES = (
    "mlflow_on_kedro.MLflowDataset",
    "mlflow_on_kedro.MLflowDataSet",
    "mlflow_on_kedro.dataset.MLflowDataset",  # as Kedro writes it out
)
_MODEL_TYPES = (
    "mlflow_on_kedro.MLflowModelDataset",
    "mlflow_on_kedro.model_dataset.MLflowModelDataset",
)


def complete_entry(
    name: str, entry: dict[str, Any], tracking_uri: Callable[[], str]
) -> dict[str, Any]:
    """Fill in what an MLflow dataset's catalog entry leaves out: name, file and tracking URI.

    The entry of a dataset factory is completed with its pattern; Kedro fills in the placeholders.

    Args:
        name: The dataset's name.
        entry: Its entry, which is changed.
        tracking_uri: Gives where the project tracks.

    Raises:
        DatasetError: The entry says something that the dataset does not take.

    Example:
        >>> entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv"}
        >>> complete_entry("predictions", entry, lambda: "sqlite:///mlflow.db")["filepath"]
        'data/mlflow/predictions.csv'
    """
    kind = entry.get("type")
    if kind not in (*_FILE_TYPES, *_MODEL_TYPES):
        _check_case(kind)
        return entry
    cls = MLflowModelDataset if kind in _MODEL_TYPES else MLflowDataset
    check_arguments(entry, cls)
    entry.setdefault("dataset_name", name.split("@", maxsplit=1)[0])
    dataset = entry.get("dataset")
    if kind in _MODEL_TYPES:
        entry.setdefault("filepath", default_filepath(entry["dataset_name"], ""))
        if entry.get("run_id") or entry.get("model_uri"):
            entry.setdefault("tracking_uri", tracking_uri())
    elif entry.get("loading_run_id"):
        entry.setdefault("loading_tracking_uri", tracking_uri())
    elif isinstance(dataset, str):
        suffix = backends.suffix_of("pkl" if dataset in backends.VALUE_KINDS else dataset)
        entry.setdefault("filepath", default_filepath(entry["dataset_name"], suffix))
    elif isinstance(dataset, Mapping) and not {"filepath", "path"} & dataset.keys():
        suffix = backends.suffix_of(dict(dataset))
        entry.setdefault("filepath", default_filepath(entry["dataset_name"], suffix))
    check_values(name, entry, cls)
    return entry


def _check_case(kind: Any) -> None:
    """Refuse this plugin's classes in other capitals; Kedro would blame kedro-datasets."""
    known = {name.lower(): name for name in (*_FILE_TYPES, *_MODEL_TYPES)}
    meant = known.get(kind.lower()) if isinstance(kind, str) else None
    if meant is not None:
        raise DatasetError(f"there is no {kind!r}. Did you mean {meant!r}?")
