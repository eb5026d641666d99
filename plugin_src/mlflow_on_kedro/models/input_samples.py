"""Take rows of a model's input, as NumPy arrays and pandas tables, which MLflow understands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import spark_models

LAZY_ROWS = 100
"""The rows that are read from a table that is a query, not yet executed."""


def select_known_columns(model: Any, data: Any) -> Any:
    """Leave out columns that the model was not fitted on, such as the target.

    Estimators with scikit-learn's interface know their columns, and those of Spark their label;
    data for other models is unchanged.
    """
    if spark_models.is_model(model) and is_spark_table(data):
        return spark_models.without_labels(model, data)
    if _library(data) == "pyarrow" or hasattr(data, "collect"):  # no `table[names]`
        data = to_numpy_or_pandas(data)
    known = getattr(model, "feature_names_in_", None)
    columns = getattr(data, "columns", None)
    if known is None or columns is None or not set(known) <= set(columns):
        return data
    return data[list(known)]


def is_spark_table(data: Any) -> bool:
    """Return whether data are a table of Spark."""
    return _library(data) == "pyspark"


def first_rows(data: Any, count: int) -> Any:
    """Take the first rows of a table, array or list; other values are unchanged.

    Example:
        >>> first_rows([1, 2, 3], 2)
        [1, 2]
    """
    if is_spark_table(data):  # its `head` is a list
        return data.limit(count).toPandas()
    if callable(getattr(data, "head", None)):
        return to_numpy_or_pandas(data.head(count))
    if isinstance(data, list) or getattr(data, "shape", None):
        return to_numpy_or_pandas(data[:count])
    if isinstance(data, dict):  # of a model with several inputs
        arrays = {name: item for name, item in data.items() if hasattr(item, "shape")}
        return {**data, **{name: first_rows(item, count) for name, item in arrays.items()}}
    return to_numpy_or_pandas(data)


def to_numpy_or_pandas(data: Any) -> Any:
    """Convert tensors to NumPy arrays, and tables of other libraries to pandas, also in a dict.

    Example:
        >>> to_numpy_or_pandas({"x": 3})
        {'x': 3}
    """
    if isinstance(data, dict):
        return {name: to_numpy_or_pandas(item) for name, item in data.items()}
    if isinstance(data, list | tuple) and data and _library(data[0]) in _CONVERSIONS:
        return [to_numpy_or_pandas(item) for item in data]
    convert = _CONVERSIONS.get(_library(data))
    return convert(data) if convert is not None else data


def _from_torch(tensor: Any) -> Any:
    if not hasattr(tensor, "detach"):
        return tensor
    found = tensor.detach().cpu()
    return (found.float() if "bfloat16" in str(found.dtype) else found).numpy()


def _from_polars(table: Any) -> Any:
    is_lazy = hasattr(table, "collect")
    found = table.head(LAZY_ROWS).collect() if is_lazy else table
    return found.to_pandas() if hasattr(found, "to_pandas") else found


def _from_jax(array: Any) -> Any:
    import numpy as np

    return np.asarray(array)


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "ibis": lambda table: table.limit(LAZY_ROWS).to_pandas(),
    "jaxlib": _from_jax,
    "polars": _from_polars,
    "pyarrow": lambda table: table.to_pandas(),
    "tensorflow": lambda tensor: tensor.numpy() if hasattr(tensor, "numpy") else tensor,
    "torch": _from_torch,
}
_LIBRARIES = {*_CONVERSIONS, "pyspark"}


def _library(data: Any) -> str:
    """Return which of the known libraries a value's class or a base class is of; "" if none."""
    names = (cls.__module__.partition(".")[0] for cls in type(data).__mro__)
    return next((name for name in names if name in _LIBRARIES), "")
