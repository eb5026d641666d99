"""A model's signature and input example: given by the user, or taken from other datasets."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kedro.io import DatasetError

from ..tracking.failures import reason
from ..utils.suggestions import nearest
from .samples import first_rows, plain, taken_by

logger = logging.getLogger(__name__)

EXAMPLE_ROWS = 5
PREDICTED_ROWS = 100
_PARTS = ("inputs", "outputs", "params")

Load = Callable[[str], Any]
"""Gives the value of a dataset of the catalog by its name."""


@dataclass(frozen=True)
class Signature:
    """What a signature is made of; each part is a dataset's name, a schema or None.

    Attributes:
        inputs: Of the model's input.
        outputs: Of its predictions; None: what the model predicts for the first rows of the input.
        params: Values or a schema of the parameters of a prediction.
        whole: A ``ModelSignature``, or ``False`` for none, as MLflow takes it.
    """

    inputs: Any = None
    outputs: Any = None
    params: Any = None
    whole: Any = None

    @classmethod
    def of(cls, given: Any) -> Signature | None:
        """Check what the user gives.

        Args:
            given: The name of a dataset, a mapping with ``inputs``, ``outputs`` and ``params``, or
                a ``ModelSignature``.

        Raises:
            DatasetError: A key of the mapping is unknown, or it has none.

        Example:
            >>> Signature.of({"inputs": "features", "outputs": "labels"}).datasets
            ['features', 'labels']
        """
        if given is None:
            return None
        if isinstance(given, str):
            return cls(inputs=given)
        if not isinstance(given, Mapping):
            if given is not False and not hasattr(given, "to_dict"):
                raise DatasetError(
                    "`signature` must be the name of a dataset, or {inputs: …, outputs: …} with "
                    f"names of datasets or schemas: {given!r}"
                )
            return cls(whole=given)
        for key in given:
            if key not in _PARTS:
                raise DatasetError(
                    f"`signature`: unknown key '{key}'. Did you mean "
                    f"'{nearest(str(key), _PARTS)}'? Valid here: {', '.join(_PARTS)}."
                )
        if not any(given.get(part) for part in _PARTS):
            raise DatasetError(
                f"`signature` says nothing: {dict(given)!r}. Give the name of a dataset, or "
                "{inputs: …, outputs: …} with names of datasets or schemas."
            )
        return cls(**{part: given.get(part) for part in _PARTS})

    @property
    def datasets(self) -> list[str]:
        """The names of the datasets that it is taken from."""
        return [part for part in (self.inputs, self.outputs) if _is_name(part)]

    def check(self) -> None:
        """Find a wrong schema before the pipeline runs.

        Raises:
            DatasetError: MLflow does not understand it.
        """
        for part in _PARTS:
            given = getattr(self, part)
            if given and not _is_name(given) and not isinstance(given, Mapping):
                _schema(part, given)

    def make(self, model: Any, load: Load, name: str) -> Any:
        """Make MLflow's ``ModelSignature``.

        Args:
            model: The model.
            load: Loads a dataset.
            name: The model's name, for messages.

        Returns:
            The signature; None, and a warning, if the model does not predict for the dataset.
        """
        if self.whole is not None:
            return self.whole
        from mlflow.models import ModelSignature

        data = taken_by(model, load(self.inputs)) if _is_name(self.inputs) else None
        inputs = _schema("inputs", self.inputs) if data is None else _inferred(data, "inputs")
        if _is_name(self.outputs):
            outputs = _inferred(load(self.outputs), "outputs")
        elif self.outputs is None and data is not None:
            can, outputs = _predicted(model, data, self.inputs, name)
            if not can:
                return None
        else:
            outputs = _schema("outputs", self.outputs)
        return ModelSignature(inputs, outputs, _schema("params", self.params))


def example_of(given: Any, model: Any, load: Load) -> Any:
    """Make an input example: the first rows of a dataset if its name is given, else the value."""
    if _is_name(given):
        return first_rows(taken_by(model, load(given)), EXAMPLE_ROWS)
    return plain(given)


def _is_name(given: Any) -> bool:
    # The schemas in an MLmodel file are JSON in a string.
    return isinstance(given, str) and not given.lstrip().startswith(("[", "{"))


def _inferred(data: Any, part: str) -> Any:
    from mlflow.models import infer_signature

    argument = {"inputs": "model_input", "outputs": "model_output"}[part]
    with warnings.catch_warnings():
        # Ten lines in the pipeline's log on integers that take no missing values.
        warnings.filterwarnings("ignore", ".*integer column", UserWarning)
        return getattr(infer_signature(**{argument: plain(data)}), part)


def _predicted(model: Any, data: Any, dataset: str, name: str) -> tuple[bool, Any]:
    """Whether a model predicts for a dataset, as far as it can be asked; and what it returns."""
    predict = getattr(model, "predict", None)
    if predict is None:
        return True, None
    try:
        return True, _inferred(predict(first_rows(data, PREDICTED_ROWS)), "outputs")
    except Exception as error:  # whatever a model of any library says
        logger.warning(
            "'%s' has no signature, because it does not predict for '%s' (%s). Name the dataset "
            "that it takes, or give `signature: {inputs: …, outputs: …}`.",
            name,
            dataset,
            reason(error),
        )
        return False, None


def _schema(part: str, given: Any) -> Any:
    """MLflow's schema of what an ``MLmodel`` file or a user has written."""
    if not given:
        return None
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature
    from mlflow.types.schema import ParamSchema, Schema

    if part == "params" and isinstance(given, Mapping):
        return infer_signature(params=dict(given)).params
    kind = ParamSchema if part == "params" else Schema
    text = given if isinstance(given, str) else json.dumps(given)
    try:
        return kind.from_json(text)
    except (MlflowException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DatasetError(
            f"`signature`: '{part}' must be the name of a dataset or a list such as "
            f"[{{name: age, type: long}}]: {given!r} ({error})"
        ) from None
