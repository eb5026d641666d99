"""The entries of MLflow datasets in catalog.yml: checked and completed before Kedro reads them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from kedro.io import DatasetError

from ..utils.pipeline_info import untranscoded
from ..utils.suggestions import alike, nearest
from . import backends
from .arguments import check_arguments, check_values
from .mlflow_dataset import MLflowDataset
from .model_dataset import MLflowModelDataset
from .tracked import default_filepath

_FILE_TYPES = (
    "mlflow_on_kedro.MLflowDataset",
    "mlflow_on_kedro.MLflowDataSet",
    "mlflow_on_kedro.datasets.mlflow_dataset.MLflowDataset",  # as Kedro writes it out
)
_MODEL_TYPES = (
    "mlflow_on_kedro.MLflowModelDataset",
    "mlflow_on_kedro.datasets.model_dataset.MLflowModelDataset",
)
_CLASSES = (MLflowDataset, MLflowModelDataset)
_PACKAGE = __name__.partition(".")[0]


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
        if isinstance(kind, str):
            _check_name(kind)
        return entry
    cls = MLflowModelDataset if kind in _MODEL_TYPES else MLflowDataset
    check_arguments(entry, cls)
    entry.setdefault("dataset_name", untranscoded(name))
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


def _check_name(kind: str) -> None:
    """Refuse what this plugin has no class for; Kedro would blame kedro-datasets."""
    package, _, name = kind.rpartition(".")
    top = package.partition(".")[0]
    if top == _PACKAGE:
        is_meant = not _is_there(package, name)
    elif "mlflow" in kind.casefold():
        bare = () if package else (cls.__name__ for cls in _CLASSES)
        is_meant = alike(top, _PACKAGE) or any(alike(name, known) for known in bare)
    else:
        return
    if is_meant:
        known = [f"{_PACKAGE}.{cls.__name__}" for cls in _CLASSES]
        meant = nearest(f"{_PACKAGE}.{name}", known)
        raise DatasetError(
            f"there is no {kind!r}. Did you mean {meant!r}? There are: {', '.join(known)}"
        )


def _is_there(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False
