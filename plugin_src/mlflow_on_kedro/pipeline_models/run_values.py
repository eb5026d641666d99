"""Take datasets and parameters from a finished run, to build a model of it later."""

from __future__ import annotations

import ast
import logging
from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset

from ..datasets.mlflow_dataset import MLflowDataset
from ..datasets.model_dataset import MLflowModelDataset
from ..journal.values import param_text
from ..runs.kedro_command import RUNTIME_PARAMS_TAG
from ..utils.nested import flatten
from .contents import Datasets
from .pipeline_model import ValueDataset, flat_parameters, override

logger = logging.getLogger(__name__)

_BOOLS = {"True": True, "False": False}


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


def run_params(run: Any) -> dict[str, str]:
    """Return the parameters of a run: those that it has logged, and its runtime parameters.

    Args:
        run: MLflow's ``Run``.
    """
    try:
        given = ast.literal_eval(run.data.tags.get(RUNTIME_PARAMS_TAG, "{}"))
    except (ValueError, SyntaxError):  # the tag's text was cut because it was too long
        given = {}
    items = flatten("", given) if isinstance(given, dict) and given else ()
    return {**{key: param_text(value) for key, value in items}, **run.data.params}


def with_run_params(
    logged: Mapping[str, str], parameters: Mapping[str, Any]
) -> dict[str, AbstractDataset[Any, Any]]:
    """Give parameters the values that a run has logged for them.

    MLflow stores texts, so each value is converted to the type that it has in the project now. A
    text that does not fit is ignored with a warning: the parameter keeps the project's value.

    Args:
        logged: The run's parameters.
        parameters: The project's parameters, by their names in the catalog.
    """
    changed = {}
    for key, value in flat_parameters(parameters).items():
        text = logged.get(key, param_text(value))
        if text == param_text(value):
            continue
        try:
            changed[key] = _BOOLS[text] if isinstance(value, bool) else _convert(text, value)
        except (KeyError, ValueError):
            logger.warning(
                "The run has the parameter '%s' as %.80r, which does not have the type of its "
                "value in the project now, %.80r; the model gets the latter.",
                key,
                text,
                value,
            )
    return {
        name: ValueDataset(item, "assign") for name, item in override(parameters, changed).items()
    }


def _convert(text: str, value: Any) -> Any:
    if isinstance(value, list):
        raise ValueError(text)  # noqa: TRY004 - the types of the items are not in the text
    if isinstance(value, str):
        return text
    number = float(text)
    return int(text) if isinstance(value, int) and number.is_integer() else number
