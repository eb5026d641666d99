"""What the index of a pandas Series says of its numbers: their names, or their steps."""

from __future__ import annotations

import itertools
import numbers
from typing import Any


def by_index(values: Any) -> list[Any] | dict[Any, Any]:
    """Return the numbers of a Series or of a one-dimensional array as a list or a dict.

    Args:
        values: Anything one-dimensional with ``tolist``; pandas need not be imported.

    Returns:
        ``{name: number}`` if the index is of texts, each different; those of several levels are
        joined by dots. ``{step: number}`` if it is of whole numbers in rising order. Otherwise, as
        for an array, a list.

    Example:
        >>> import pandas as pd
        >>> by_index(pd.Series({"red": 0.5, "white": 0.75}))
        {'red': 0.5, 'white': 0.75}
        >>> by_index(pd.Series([0.5, 0.25], index=[10, 20])), by_index(pd.Series([0.5, 0.25]))
        ({10: 0.5, 20: 0.25}, [0.5, 0.25])
    """
    found: list[Any] = values.tolist()
    tolist = getattr(getattr(values, "index", None), "tolist", None)
    labels = tolist() if callable(tolist) else []
    if not labels or labels == [*range(len(labels))]:
        return found
    names = [_name(label) for label in labels]
    if all(names) and len(set(names)) == len(names):
        return dict(zip(names, found, strict=True))
    is_rising = all(map(_is_whole, labels)) and all(a < b for a, b in itertools.pairwise(labels))
    return dict(zip(labels, found, strict=True)) if is_rising else found


def _name(label: Any) -> str:
    """Return the name of a metric; "" for a label that is no text."""
    if isinstance(label, tuple):  # of several levels, of which one at least is a text
        is_named = any(isinstance(part, str) for part in label)
        return ".".join(map(str, label)) if is_named else ""
    return label if isinstance(label, str) else ""


def _is_whole(label: Any) -> bool:
    return isinstance(label, numbers.Integral) and not isinstance(label, bool)
