"""The rows of an evaluation: a node's table in the form that ``mlflow.genai.evaluate`` takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kedro.io import DatasetError

Row = dict[str, Any]
_TAKEN_AS_IT_IS = ("expectations", "tags", "trace")


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are the inputs, the output and the expectations of a row.

    Attributes:
        inputs: The column with the dict of inputs, or the columns that make this dict: their names,
            or a dict of the names of inputs and of columns.
        outputs: The column with the answer.
        expectations: Like ``inputs``.
    """

    inputs: str | Sequence[str] | Mapping[str, str] = "inputs"
    outputs: str = "outputs"
    expectations: str | Sequence[str] | Mapping[str, str] = "expectations"

    def row(self, given: Mapping[str, Any]) -> Row:
        """Return a row in MLflow's form.

        Raises:
            KeyError: The table has no such column.

        Example:
            >>> Columns(inputs=["question"], outputs="answer").row({"question": 1, "answer": 2})
            {'inputs': {'question': 1}, 'outputs': 2}
        """
        row = {name: given[name] for name in _TAKEN_AS_IT_IS if _is_given(given.get(name))}
        if self.inputs != "inputs" or "trace" not in row or "inputs" in given:
            row["inputs"] = _gathered(self.inputs, given)
        if self.outputs != "outputs" or "outputs" in given:
            row["outputs"] = given[self.outputs]
        if self.expectations != "expectations":
            row["expectations"] = _gathered(self.expectations, given)
        if isinstance(expected := row.get("expectations"), Mapping):  # MLflow cannot store NaN
            row["expectations"] = {
                key: value for key, value in expected.items() if _is_given(value)
            }
        return row


def _gathered(columns: str | Sequence[str] | Mapping[str, str], given: Mapping[str, Any]) -> Any:
    if isinstance(columns, str):
        value = given[columns]
        # MLflow takes a dict only, and a table often has a plain column of questions.
        return value if isinstance(value, Mapping) else {columns: value}
    named = columns if isinstance(columns, Mapping) else {name: name for name in columns}
    return {name: given[column] for name, column in named.items()}


def _is_given(value: Any) -> bool:
    # A table has NaN where a row has no value.
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def rows_of(name: str, data: Any, columns: Columns) -> list[Row]:
    """Return the rows of a table.

    Args:
        name: The dataset's name, for messages.
        data: A table of pandas, Polars or Spark, a list of dicts or of MLflow's traces, or an
            evaluation dataset of MLflow.
        columns: What each column is.

    Raises:
        DatasetError: It is no table, or lacks a column.
    """
    rows = []
    for number, given in enumerate(_records(name, data)):
        if not isinstance(given, Mapping):
            raise DatasetError(
                f"'{name}' evaluates a table or a list of dicts, and item {number} of the list is "
                f"a {type(given).__name__}."
            )
        try:
            rows.append(columns.row(given))
        except KeyError as error:
            raise DatasetError(
                f"'{name}': row {number} of the evaluated table has no column {error}. It has: "
                f"{', '.join(map(str, given))}. An evaluation needs `inputs` (a dict) and "
                "`outputs`; where other columns hold them, name these: "
                "`inputs: [question]`, `outputs: answer`, "
                "`expectations: {expected_response: truth}`."
            ) from None
    return rows


def _records(name: str, data: Any) -> list[Any]:
    data = data.to_df() if hasattr(data, "to_df") else data  # an evaluation dataset of MLflow
    data = data.toPandas() if hasattr(data, "toPandas") else data  # a table of Spark
    if hasattr(data, "to_dicts"):  # a table of Polars
        return list(data.to_dicts())
    if hasattr(data, "columns") and hasattr(data, "to_dict"):
        return list(data.to_dict(orient="records"))
    if isinstance(data, list | tuple):
        # A trace of MLflow, as `mlflow.search_traces(return_type="list")` returns it.
        return [{"trace": item} if hasattr(item, "info") else item for item in data]
    raise DatasetError(
        f"'{name}' evaluates a table or a list of dicts, and got a {type(data).__name__}."
    )
