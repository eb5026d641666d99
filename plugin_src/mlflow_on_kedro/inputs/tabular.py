"""Recognizes tables and arrays without importing their libraries."""

from __future__ import annotations

from typing import Any

_TABLES = {
    "ibis": {"Table"},
    "pandas": {"DataFrame", "Series"},
    "polars": {"DataFrame", "LazyFrame", "Series"},
    "pyspark": {"DataFrame"},
}


def table_library(value: Any) -> str | None:
    """Return the library whose table a value is, also for a subclass; None for other values.

    Example:
        >>> table_library([1, 2]) is None
        True
    """
    for base in type(value).__mro__:
        library = base.__module__.partition(".")[0]
        if base.__name__ in _TABLES.get(library, ()):
            return library
    return None


def is_array(value: Any) -> bool:
    """Whether a value is a NumPy array."""
    return any(
        base.__name__ == "ndarray" and base.__module__.partition(".")[0] == "numpy"
        for base in type(value).__mro__
    )
