"""``HatchDict``: PipelineX's way to write Python objects in YAML, as ``=: package.Class``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OBJECT = "="
"""The key that names a class; the other keys are its arguments."""
REFERENCE = "$"
"""The key that names another key of the same file."""
POSITIONAL = "_"
"""The key with the arguments that have no names."""


def is_object(value: Any) -> bool:
    """Whether PipelineX makes something else of a value than YAML does.

    Example:
        >>> is_object({"=": "numpy.array"}), is_object("(8 + 1)"), is_object({"a": 1})
        (True, True, False)
    """
    if isinstance(value, str):  # which PipelineX evaluates
        return value.startswith("(") and value.endswith(")")
    return isinstance(value, Mapping) and not value.keys().isdisjoint({OBJECT, REFERENCE})


def has_objects(value: Any) -> bool:
    """Whether there is such a value anywhere in a mapping or list.

    Example:
        >>> has_objects({"transforms": [{"=": "io.BytesIO"}]})
        True
    """
    if isinstance(value, Mapping):
        return is_object(value) or any(map(has_objects, value.values()))
    return any(map(has_objects, value)) if isinstance(value, list) else is_object(value)
