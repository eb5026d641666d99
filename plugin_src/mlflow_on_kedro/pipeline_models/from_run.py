"""A finished run's own values, for a model that is made of it later."""

from __future__ import annotations

import ast
import logging
from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset

from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.model_dataset import MLflowModelDataset
from ..journal.values import flatten, param_text
from ..runs.provenance import RUNTIME_PARAMS_TAG
from .pipeline_model import Given, overridden, single_parameters

logger = logging.getLogger(__name__)

Datasets = Mapping[str, AbstractDataset[Any, Any]]
_BOOLS = {"True": True, "False": False}


def as_saved_by(run_id: str, uri: str, datasets: Datasets) -> dict[str, AbstractDataset[Any, Any]]:
    """Have MLflow datasets load what a run has saved; the others stay as they are.

    Args:
        run_id: The run.
        uri: The tracking URI.
        datasets: Datasets of the project's catalog, by their names.
    """
    return {name: _as_saved_by(run_id, uri, name, item) for name, item in datasets.items()}


def is_of_run(dataset: AbstractDataset[Any, Any]) -> bool:
    """Whether a run has what a dataset holds."""
    return isinstance(dataset, MLflowDataset | MLflowModelDataset)


def _as_saved_by(
    run_id: str, uri: str, name: str, dataset: AbstractDataset[Any, Any]
) -> AbstractDataset[Any, Any]:
    if isinstance(dataset, MLflowDataset):
        return dataset.for_run(run_id, uri)
    if isinstance(dataset, MLflowModelDataset):
        return dataset.for_run(run_id, uri, name)
    return dataset


def params_of(run: Any) -> dict[str, str]:
    """The parameters of a run: those that it has read, and those that came with its command.

    Args:
        run: MLflow's ``Run``.
    """
    try:
        given = ast.literal_eval(run.data.tags.get(RUNTIME_PARAMS_TAG, "{}"))
    except (ValueError, SyntaxError):  # it was too long
        given = {}
    leaves = flatten("", given) if isinstance(given, dict) and given else ()
    return {**{key: param_text(value) for key, value in leaves}, **run.data.params}


def with_params_of(
    logged: Mapping[str, str], parameters: Mapping[str, Any]
) -> dict[str, AbstractDataset[Any, Any]]:
    """Give parameters the values that a run has logged for them.

    MLflow knows texts alone, so each is read as the type that it has in the project now; one that
    does not fit stays as it is there, and that is said.

    Args:
        logged: The run's parameters.
        parameters: The project's parameters, by their names in the catalog.
    """
    changed = {}
    for key, value in single_parameters(parameters).items():
        text = logged.get(key, param_text(value))
        if text == param_text(value):
            continue
        try:
            changed[key] = _BOOLS[text] if isinstance(value, bool) else _read(text, value)
        except (KeyError, ValueError):
            logger.warning(
                "The run has the parameter '%s' as %.80r, which is not read as what it is in the "
                "project now, %.80r; the model gets the latter.",
                key,
                text,
                value,
            )
    return {name: Given(item, "assign") for name, item in overridden(parameters, changed).items()}


def _read(text: str, value: Any) -> Any:
    if isinstance(value, list):
        raise ValueError(text)  # noqa: TRY004 - the text does not tell the items' types
    if isinstance(value, str):
        return text
    number = float(text)
    return int(text) if isinstance(value, int) and number.is_integer() else number
