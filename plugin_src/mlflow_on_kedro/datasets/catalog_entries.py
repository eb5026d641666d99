"""The entries of MLflow datasets in catalog.yml: checked and completed before Kedro reads them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from kedro.io import DatasetError

from ..utils.pipeline_info import untranscoded
from ..utils.suggestions import alike, nearest
from .arguments import check_arguments, check_values
from .backends import PATH_ARGS
from .default_paths import default_filepath
from .evaluation import MLflowEvaluation
from .evaluation_dataset import MLflowEvaluationDataset
from .extension_names import canonical, suffix_of
from .mlflow_dataset import MLflowDataset
from .model_dataset import MLflowModelDataset
from .prompt_dataset import MLflowPromptDataset
from .tracked import TrackedDataset
from .value_kinds import VALUE_KINDS

_CLASSES: Mapping[Any, type[TrackedDataset]] = {
    "mlflow_on_kedro.MLflowDataset": MLflowDataset,
    "mlflow_on_kedro.MLflowDataSet": MLflowDataset,
    "mlflow_on_kedro.MLflowModelDataset": MLflowModelDataset,
    "mlflow_on_kedro.MLflowEvaluation": MLflowEvaluation,
    "mlflow_on_kedro.MLflowEvaluationDataset": MLflowEvaluationDataset,
    "mlflow_on_kedro.MLflowPromptDataset": MLflowPromptDataset,
    # The names that Kedro writes into a catalog.
    "mlflow_on_kedro.datasets.mlflow_dataset.MLflowDataset": MLflowDataset,
    "mlflow_on_kedro.datasets.model_dataset.MLflowModelDataset": MLflowModelDataset,
    "mlflow_on_kedro.datasets.evaluation.MLflowEvaluation": MLflowEvaluation,
    "mlflow_on_kedro.datasets.evaluation_dataset.MLflowEvaluationDataset": MLflowEvaluationDataset,
    "mlflow_on_kedro.datasets.prompt_dataset.MLflowPromptDataset": MLflowPromptDataset,
}
_PACKAGE = __name__.partition(".")[0]


def complete_entry(
    name: str, entry: dict[str, Any], tracking_uri: Callable[[], str]
) -> dict[str, Any]:
    """Add to the entry of an MLflow dataset what it leaves out: name, file and tracking URI.

    For a dataset factory, the pattern itself is added; Kedro replaces its placeholders.

    Args:
        name: The dataset's name.
        entry: The dataset's entry, which is changed.
        tracking_uri: Returns the project's tracking URI.

    Raises:
        DatasetError: The entry has an argument or a value that the dataset does not take.

    Example:
        >>> entry = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "csv"}
        >>> complete_entry("predictions", entry, lambda: "sqlite:///mlflow.db")["filepath"]
        'data/mlflow/predictions.csv'
    """
    kind = entry.get("type")
    cls = _CLASSES.get(kind) if isinstance(kind, str) else None
    if cls is None:
        if isinstance(kind, str):
            _check_type(kind)
        return entry
    check_arguments(entry, cls)
    entry.setdefault("dataset_name", untranscoded(name))
    if cls is MLflowModelDataset:
        entry.setdefault("filepath", default_filepath(entry["dataset_name"], ""))
        if entry.get("run_id") or entry.get("model_uri"):
            entry.setdefault("tracking_uri", tracking_uri())
    elif cls in (MLflowPromptDataset, MLflowEvaluationDataset):
        pass  # no file unless one is given
    elif entry.get("loading_run_id"):
        entry.setdefault("loading_tracking_uri", tracking_uri())
    else:
        suffix = _suffix("table" if cls is MLflowEvaluation else entry.get("dataset"))
        if suffix is not None:
            entry.setdefault("filepath", default_filepath(entry["dataset_name"], suffix))
    check_values(name, entry, cls)
    return entry


def _suffix(dataset: Any) -> str | None:
    """The suffix of the default file; None if the entry needs no file or names one itself."""
    if isinstance(dataset, str):
        return suffix_of("pkl" if canonical(dataset) in VALUE_KINDS else dataset)
    if isinstance(dataset, Mapping) and dataset.keys().isdisjoint(PATH_ARGS):
        return suffix_of(dict(dataset))
    return None


def _check_type(kind: str) -> None:
    """Raise an error for a misspelled class of this plugin; Kedro would blame kedro-datasets."""
    package, _, name = kind.rpartition(".")
    top = package.partition(".")[0]
    names = list(dict.fromkeys(cls.__name__ for cls in _CLASSES.values()))
    if top == _PACKAGE:
        is_mistake = not _exists(package, name)
    elif "mlflow" in kind.casefold():
        is_mistake = alike(top, _PACKAGE) or (
            not package and any(alike(name, known) for known in names)
        )
    else:
        return
    if is_mistake:
        known = [f"{_PACKAGE}.{class_name}" for class_name in names]
        meant = nearest(f"{_PACKAGE}.{name}", known)
        raise DatasetError(
            f"there is no {kind!r}. Did you mean {meant!r}? There are: {', '.join(known)}"
        )


def _exists(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False
