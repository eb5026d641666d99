"""What limits a key of mlflow.yml beyond its type: a few words, or a least number."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any


def one_of(default: str, *others: str) -> Any:
    """Make a key whose value is one of a few words."""
    return field(default=default, metadata={"choices": (default, *others)})


def at_least(minimum: float, default: Any) -> Any:
    """Make a key whose value is a number with a lower limit."""
    return field(default=default, metadata={"minimum": minimum})


def choices(section: Any) -> dict[str, tuple[str, ...]]:
    """Return the keys of a section that take one of a few words, each with these words.

    Example:
        >>> from .sections import Params
        >>> choices(Params)
        {'too_long': ('truncate', 'tag', 'artifact', 'error')}
    """
    return {
        key.name: key.metadata["choices"] for key in fields(section) if "choices" in key.metadata
    }


def minimums(section: Any) -> dict[str, float]:
    """Return the keys of a section that have a lower limit, each with that limit.

    Example:
        >>> from .sections import Inputs
        >>> minimums(Inputs)
        {'max_bytes': 0}
    """
    return {
        key.name: key.metadata["minimum"] for key in fields(section) if "minimum" in key.metadata
    }
