"""A model's signature and input example: given by the user, or inferred from datasets."""

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
from . import spark_models
from .input_samples import first_rows, is_spark_table, select_known_columns, to_numpy_or_pandas

logger = logging.getLogger(__name__)

EXAMPLE_ROWS = 5
PREDICTED_ROWS = 100
_PARTS = ("inputs", "outputs", "params")

Load = Callable[[str], Any]
"""Loads a dataset of the catalog by its name."""


@dataclass(frozen=True)
class Signature:
    """How a signature is made; each part is a dataset's name, a schema or None.

    Attributes:
        inputs: The model's input.
        outputs: Its predictions; None: inferred from predictions for the first rows of the input.
        params: Values or a schema of the parameters of ``predict``.
        ready: A complete ``ModelSignature``, or ``False`` for no signature, as in MLflow.
    """

    inputs: Any = None
    outputs: Any = None
    params: Any = None
    ready: Any = None

    @classmethod
    def from_arg(cls, given: Any) -> Signature | None:
        """Read a dataset's argument ``signature``.

        Args:
            given: The name of a dataset, a mapping with ``inputs``, ``outputs`` and ``params``, or
                a ``ModelSignature``.

        Raises:
            DatasetError: A key of the mapping is unknown, or the mapping is empty.

        Example:
            >>> Signature.from_arg({"inputs": "features", "outputs": "labels"}).datasets
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
            return cls(ready=given)
        for key in given:
            if key not in _PARTS:
                raise DatasetError(
                    f"`signature`: unknown key '{key}'. Did you mean "
                    f"'{nearest(str(key), _PARTS)}'? Valid here: {', '.join(_PARTS)}."
                )
        if not any(given.get(part) for part in _PARTS):
            raise DatasetError(
                f"`signature` is empty: {dict(given)!r}. Give the name of a dataset, or "
                "{inputs: …, outputs: …} with names of datasets or schemas."
            )
        return cls(**{part: given.get(part) for part in _PARTS})

    @property
    def datasets(self) -> list[str]:
        """The names of the datasets from which it is inferred."""
        return [part for part in (self.inputs, self.outputs) if _is_name(part)]

    def check(self) -> None:
        """Check the given schemas before the pipeline runs.

        Raises:
            DatasetError: MLflow does not understand a schema.
        """
        for part in _PARTS:
            given = getattr(self, part)
            if given and not _is_name(given) and not isinstance(given, Mapping):
                _schema(part, given)

    def make(self, model: Any, load: Load, name: str) -> Any:
        """Make MLflow's ``ModelSignature``.

        Args:
            model: The model.
            load: A function that loads a dataset.
            name: The model's name, for messages.

        Returns:
            The signature; None, with a warning, if the model fails to predict for the dataset.
        """
        if self.ready is not None:
            return self.ready
        from mlflow.models import ModelSignature

        data = select_known_columns(model, load(self.inputs)) if _is_name(self.inputs) else None
        inputs = _schema("inputs", self.inputs) if data is None else _inferred(data, "inputs")
        if data is not None and inputs is None:
            logger.warning(
                "'%s' has no signature, because MLflow has no types for '%s' (%s). Name another "
                "dataset, or give `signature: {inputs: …, outputs: …}`.",
                name,
                self.inputs,
                type(data).__name__,
            )
            return None
        if _is_name(self.outputs):
            outputs = _inferred(load(self.outputs), "outputs")
        elif self.outputs is None and data is not None:
            predicts, outputs = _infer_outputs(model, data, self.inputs, name)
            if not predicts:
                return None
        else:
            outputs = _schema("outputs", self.outputs)
        return ModelSignature(inputs, outputs, _schema("params", self.params))


def make_example(given: Any, model: Any, load: Load) -> Any:
    """Make an input example: the first rows of a dataset if its name is given, else the value."""
    if _is_name(given):
        return first_rows(select_known_columns(model, load(given)), EXAMPLE_ROWS)
    return to_numpy_or_pandas(given)


def _is_name(given: Any) -> bool:
    # The schemas in an MLmodel file are JSON in a string.
    return isinstance(given, str) and not given.lstrip().startswith(("[", "{"))


def _inferred(data: Any, part: str) -> Any:
    return inferred(to_numpy_or_pandas(data), part)


def inferred(data: Any, part: str) -> Any:
    """Infer MLflow's schema of a model's input or output.

    If MLflow has no type for one column of a table, such as one of durations, its own schema is a
    single column without a name, and ``predict`` would get only the first column of a request. So
    that column may have any type here, and the others have their own.

    Args:
        data: The input or output.
        part: ``inputs`` or ``outputs``.

    Returns:
        None for data that MLflow cannot describe.
    """
    from mlflow.types.schema import AnyType, ColSpec, Schema

    found = _inferred_by_mlflow(data, part)
    if not _is_guess(found):
        return found
    if not hasattr(data, "iloc") or not hasattr(data, "columns") or not data.columns.is_unique:
        return None
    columns: list[Any] = []
    for name in data.columns:
        schema = _inferred_by_mlflow(data[[name]], part)
        if _is_guess(schema):
            schema = Schema([ColSpec(AnyType(), name, required=False)])  # type: ignore[no-untyped-call]
        columns += schema.inputs
    return Schema(columns) if columns else None


def _inferred_by_mlflow(data: Any, part: str) -> Any:
    from mlflow.models import infer_signature

    argument = {"inputs": "model_input", "outputs": "model_output"}[part]
    messages = logging.getLogger("mlflow.models.signature")
    messages.addFilter(_is_about_no_guess)
    try:
        with warnings.catch_warnings():
            # MLflow warns in ten lines that integer columns take no missing values.
            warnings.filterwarnings("ignore", ".*integer column", UserWarning)
            return getattr(infer_signature(**{argument: data}), part)
    finally:
        messages.removeFilter(_is_about_no_guess)


def _is_guess(schema: Any) -> bool:
    """Whether a schema is the one that MLflow makes of data that it cannot describe."""
    from mlflow.types.schema import AnyType

    columns = schema.inputs
    return len(columns) == 1 and columns[0].name is None and isinstance(columns[0].type, AnyType)


def _is_about_no_guess(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Failed to infer schema")


def _infer_outputs(model: Any, data: Any, dataset: str, name: str) -> tuple[bool, Any]:
    """Return False if a model fails to predict for a dataset, and the schema of its predictions."""
    try:
        predicted = _predictions(model, data)
        return True, None if predicted is None else _inferred(predicted, "outputs")
    except Exception as error:  # a model of any library may raise anything
        logger.warning(
            "'%s' has no signature, because it does not predict for '%s' (%s). Name the dataset "
            "that it takes, or give `signature: {inputs: …, outputs: …}`.",
            name,
            dataset,
            reason(error),
        )
        return False, None


def _predictions(model: Any, data: Any) -> Any:
    """Return predictions for the first rows; None for a model that does not predict."""
    if spark_models.is_model(model) and is_spark_table(data):
        return spark_models.predictions(model, data, PREDICTED_ROWS)
    predict = getattr(model, "predict", None)
    return None if predict is None else predict(first_rows(data, PREDICTED_ROWS))


def _schema(part: str, given: Any) -> Any:
    """Make MLflow's schema from the text of an ``MLmodel`` file, or from a user's list."""
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
