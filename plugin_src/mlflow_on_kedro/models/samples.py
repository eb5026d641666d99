"""Rows of a model's input, in the forms that MLflow takes: NumPy's arrays and pandas' tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

LAZY_ROWS = 100
"""How many rows are read of a table that is a query so far."""


def taken_by(model: Any, data: Any) -> Any:
    """Leave out columns that the model was not fitted on, such as the one that it predicts.

    Estimators of scikit-learn, and those that follow it, know their columns.
    """
    known = getattr(model, "feature_names_in_", None)
    columns = getattr(data, "columns", None)
    if known is None or columns is None or not set(known) <= set(columns):
        return data
    return data[list(known)]


def first_rows(data: Any, count: int) -> Any:
    """Take the first rows of tables, arrays and lists; anything else stays as it is.

    Example:
        >>> first_rows([1, 2, 3], 2)
        [1, 2]
    """
    if _library(data) == "pyspark":  # its `head` is a list
        return data.limit(count).toPandas()
    if callable(getattr(data, "head", None)):
        return plain(data.head(count))
    if isinstance(data, list) or getattr(data, "shape", None):
        return plain(data[:count])
    if isinstance(data, dict):  # a model's several inputs
        arrays = {name: item for name, item in data.items() if hasattr(item, "shape")}
        return {**data, **{name: first_rows(item, count) for name, item in arrays.items()}}
    return plain(data)


def plain(data: Any) -> Any:
    """Give tensors as NumPy's arrays and tables of other libraries as pandas', alone or in a dict.

    Example:
        >>> plain({"x": 3})
        {'x': 3}
    """
    if isinstance(data, dict):
        return {name: plain(item) for name, item in data.items()}
    if isinstance(data, list | tuple) and data and _library(data[0]) in _CONVERSIONS:
        return [plain(item) for item in data]
    convert = _CONVERSIONS.get(_library(data))
    return convert(data) if convert is not None else data


def _of_torch(tensor: Any) -> Any:
    if not hasattr(tensor, "detach"):
        return tensor
    found = tensor.detach().cpu()
    return (found.float() if "bfloat16" in str(found.dtype) else found).numpy()


def _of_polars(table: Any) -> Any:
    is_lazy = hasattr(table, "collect")
    found = table.head(LAZY_ROWS).collect() if is_lazy else table
    return found.to_pandas() if hasattr(found, "to_pandas") else found


def _of_jax(array: Any) -> Any:
    import numpy as np

    return np.asarray(array)


_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "ibis": lambda table: table.limit(LAZY_ROWS).to_pandas(),
    "jaxlib": _of_jax,
    "polars": _of_polars,
    "pyarrow": lambda table: table.to_pandas(),
    "tensorflow": lambda tensor: tensor.numpy() if hasattr(tensor, "numpy") else tensor,
    "torch": _of_torch,
}
_LIBRARIES = {*_CONVERSIONS, "pyspark"}


def _library(data: Any) -> str:
    """The library that a value is of, also if its class is derived; "" for all others."""
    names = (cls.__module__.partition(".")[0] for cls in type(data).__mro__)
    return next((name for name in names if name in _LIBRARIES), "")
