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
from .extension_names import canonical, suffix_of
from .value_kinds import VALUE_KINDS

_MODULES = {
    "MLflowDataset": "mlflow_dataset",
    "MLflowModelDataset": "model_dataset",
    "MLflowEvaluation": "evaluation",
    "MLflowEvaluationDataset": "evaluation_dataset",
    "MLflowPromptDataset": "prompt_dataset",
}
"""The classes of MLflow datasets. Only modules of those are imported that the catalog has."""
_PACKAGE = __name__.partition(".")[0]
_CLASS_NAMES: Mapping[Any, str] = {
    **{f"{_PACKAGE}.{name}": name for name in _MODULES},
    # The names that Kedro writes into a catalog.
    **{f"{__package__}.{module}.{name}": name for name, module in _MODULES.items()},
    f"{_PACKAGE}.MLflowDataSet": "MLflowDataset",
}


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
    class_name = _CLASS_NAMES.get(kind) if isinstance(kind, str) else None
    if class_name is None:
        if isinstance(kind, str):
            _check_type(kind)
        return entry
    module = importlib.import_module(f".{_MODULES[class_name]}", __package__)
    cls: type = getattr(module, class_name)
    check_arguments(entry, cls)
    entry.setdefault("dataset_name", untranscoded(name))
    if class_name == "MLflowModelDataset":
        entry.setdefault("filepath", default_filepath(entry["dataset_name"], ""))
        if entry.get("run_id") or entry.get("model_uri"):
            entry.setdefault("tracking_uri", tracking_uri())
    elif class_name in {"MLflowPromptDataset", "MLflowEvaluationDataset"}:
        pass  # no file unless one is given
    elif entry.get("loading_run_id"):
        entry.setdefault("loading_tracking_uri", tracking_uri())
    else:
        suffix = _suffix("table" if class_name == "MLflowEvaluation" else entry.get("dataset"))
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
    if top == _PACKAGE:
        is_mistake = not _exists(package, name)
    elif "mlflow" in kind.casefold():
        is_mistake = alike(top, _PACKAGE) or (
            not package and any(alike(name, known) for known in _MODULES)
        )
    else:
        return
    if is_mistake:
        known = [f"{_PACKAGE}.{class_name}" for class_name in _MODULES]
        meant = nearest(f"{_PACKAGE}.{name}", known)
        raise DatasetError(
            f"there is no {kind!r}. Did you mean {meant!r}? There are: {', '.join(known)}"
        )


def _exists(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name)
    except ImportError:
        return False
