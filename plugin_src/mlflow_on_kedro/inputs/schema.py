"""A table's columns or an array's shape, in the JSON that MLflow shows for a dataset."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from .tabular import is_array, table_library

MAX_LENGTH = 1_048_575
"""MLflow's limit for a schema, in characters."""

# MLflow's names of types, by NumPy's kind and by the size of an item in bytes; 0: any other size.
_NUMPY = {
    "b": {0: "boolean"},
    "i": {1: "integer", 2: "integer", 4: "integer", 0: "long"},
    "u": {1: "integer", 2: "integer", 0: "long"},
    "f": {2: "float", 4: "float", 0: "double"},
    "M": {0: "datetime"},
    "S": {0: "binary"},
    "U": {0: "string"},
}
_POLARS = {
    "Binary": "binary",
    "Boolean": "boolean",
    "Categorical": "string",
    "Date": "datetime",
    "Datetime": "datetime",
    "Decimal": "double",
    "Enum": "string",
    "Float32": "float",
    "Float64": "double",
    "Int16": "integer",
    "Int32": "integer",
    "Int64": "long",
    "Int8": "integer",
    "String": "string",
    "UInt16": "integer",
    "UInt32": "long",
    "UInt64": "long",
    "UInt8": "integer",
    "Utf8": "string",
}
# MLflow's names of types, by pandas' names for the values of a column of objects.
_INFERRED = {
    "boolean": "boolean",
    "bytes": "binary",
    "date": "datetime",
    "datetime": "datetime",
    "floating": "double",
    "integer": "long",
    "string": "string",
}
_SPARK = {
    "binary": "binary",
    "boolean": "boolean",
    "byte": "integer",
    "char": "string",
    "date": "datetime",
    "decimal": "double",
    "double": "double",
    "float": "float",
    "integer": "integer",
    "long": "long",
    "short": "integer",
    "string": "string",
    "timestamp": "datetime",
    "timestamp_ntz": "datetime",
    "varchar": "string",
}
_IBIS = {
    **{name: _POLARS[name] for name in ("Binary", "Boolean", "Date", "Decimal", "String")},
    **{name: kind for name, kind in _POLARS.items() if name.startswith(("Int", "UInt", "Float"))},
    "Timestamp": "datetime",
    "UUID": "string",
}
_INFERENCE_ROWS = 100
# NumPy's kinds of columns that cannot have a missing value.
_REQUIRED_KINDS = "biu"


@dataclass(frozen=True)
class Shape:
    """The columns and the size of a value.

    Attributes:
        schema: MLflow's JSON; None for a value that is neither a table nor an array.
        profile: The number of rows and the like, under MLflow's names.
    """

    schema: str | None = None
    profile: dict[str, Any] = field(default_factory=dict)


def shape_of(data: Any) -> Shape:
    """Describe a table or an array, without going through the data.

    Example:
        >>> import numpy
        >>> shape_of(numpy.zeros((3, 4))).profile
        {'features_shape': [3, 4], 'features_size': 12, 'features_nbytes': 96}
    """
    describe = _BY_LIBRARY.get(table_library(data) or ("numpy" if is_array(data) else ""))
    return describe(data) if describe is not None else Shape()


def _pandas(data: Any) -> Shape:
    frame = data.to_frame() if type(data).__name__ == "Series" else data
    described = zip(frame.columns, frame.dtypes, strict=True)
    columns = [_pandas_column(frame, n, *column) for n, column in enumerate(described)]
    return Shape(_colspec(columns), _size(len(frame), len(columns)))


def _polars(data: Any) -> Shape:
    if not hasattr(data, "columns"):  # a Series
        data = data.to_frame()
    is_lazy = hasattr(data, "collect_schema") and not hasattr(data, "height")
    schema = data.collect_schema() if is_lazy else data.schema
    columns = [_column(name, _polars_type(dtype)) for name, dtype in schema.items()]
    return Shape(_colspec(columns), {} if is_lazy else _size(data.height, len(columns)))


def _polars_type(dtype: Any) -> str:
    return _POLARS.get(str(dtype).partition("(")[0], "any")


def _spark(data: Any) -> Shape:
    # The query is analyzed, which reads no data: a count of rows would be a job.
    fields = data.schema.jsonValue()["fields"]
    columns = [
        _column(field["name"], _spark_type(field["type"]), required=not field["nullable"])
        for field in fields
    ]
    return Shape(_colspec(columns))


def _spark_type(kind: Any) -> str:
    # A nested type is a dict; some have a length or precision, as in `decimal(10,2)`.
    return _SPARK.get(str(kind).partition("(")[0], "any")


def _ibis(data: Any) -> Shape:
    # The database knows the columns, and is not asked for rows.
    columns = [
        _column(name, _IBIS.get(type(kind).__name__, "any"), required=not kind.nullable)
        for name, kind in data.schema().items()
    ]
    return Shape(_colspec(columns))


def _pandas_column(frame: Any, number: int, name: Any, dtype: Any) -> dict[str, Any]:
    kind = getattr(dtype, "kind", "O")
    # pandas' own types for numbers (Int64) have a kind too, but can have missing values.
    required = kind in _REQUIRED_KINDS and type(dtype).__module__.partition(".")[0] == "numpy"
    return _column(str(name), _pandas_type(frame, number, dtype), required=required)


def _pandas_type(frame: Any, number: int, dtype: Any) -> str:
    categories = getattr(dtype, "categories", None)
    if categories is not None:
        dtype = categories.dtype
    sizes = _NUMPY.get(getattr(dtype, "kind", "O"))
    if sizes is not None:
        return sizes.get(getattr(dtype, "itemsize", 0), sizes[0])
    if str(dtype) in {"str", "string"} or str(dtype).startswith("string"):
        return "string"
    from pandas.api.types import infer_dtype

    values = categories if categories is not None else frame.iloc[:_INFERENCE_ROWS, number]
    return _INFERRED.get(infer_dtype(values, skipna=True), "any")


def _array(data: Any) -> Shape:
    shape = [-1, *data.shape[1:]] if data.ndim else []
    spec = [{"type": "tensor", "tensor-spec": {"dtype": data.dtype.name, "shape": shape}}]
    content = {"mlflow_tensorspec": {"features": json.dumps(spec), "targets": None}}
    profile = {
        "features_shape": list(data.shape),
        "features_size": math.prod(data.shape),
        "features_nbytes": int(data.nbytes),
    }
    return Shape(json.dumps(content), profile)


_BY_LIBRARY = {
    "ibis": _ibis,
    "numpy": _array,
    "pandas": _pandas,
    "polars": _polars,
    "pyspark": _spark,
}


def _size(rows: int, columns: int) -> dict[str, int]:
    return {"num_rows": rows, "num_elements": rows * columns}


def _column(name: str, kind: str, *, required: bool = False) -> dict[str, Any]:
    return {"type": kind, "name": name, "required": required}


def _colspec(columns: list[dict[str, Any]]) -> str:
    """Return the columns as JSON; of too many columns, the first."""
    text = json.dumps({"mlflow_colspec": columns})
    while len(text) > MAX_LENGTH:
        columns = columns[: len(columns) * MAX_LENGTH // (len(text) + len(columns))]
        text = json.dumps({"mlflow_colspec": columns})
    return text
