"""What a node used of the processor, the memory and the GPUs while it ran."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

CPU = "process_cpu_percentage"
"""Of the process that ran the node; 100 is one core."""
MEMORY = "process_memory_megabytes"
_MOST = 1e15


class Usage(NamedTuple):
    """One thing that was used.

    Attributes:
        name: What, with its unit: :data:`CPU`, :data:`MEMORY`, or as MLflow calls it, such as
            ``gpu_0_utilization_percentage``.
        mean: The average while the node ran.
        peak: The highest value that was seen.
    """

    name: str
    mean: float
    peak: float


def to_json(usages: Iterable[Usage]) -> dict[str, dict[str, float]]:
    """Return what a timeline has of a node's usage.

    Example:
        >>> to_json([Usage("process_memory_megabytes", 120.04, 300.0)])
        {'process_memory_megabytes': {'mean': 120.0, 'peak': 300.0}}
    """
    return {
        usage.name: {"mean": round(usage.mean, 1), "peak": round(usage.peak, 1)} for usage in usages
    }


def from_json(content: Mapping[str, Any]) -> tuple[Usage, ...]:
    """Read what :func:`to_json` has written.

    Raises:
        ValueError: A value is out of range.
        LookupError: A value is missing.
        TypeError: A value is no number.
    """
    usages = tuple(
        Usage(str(name), float(value["mean"]), float(value["peak"]))
        for name, value in content.items()
    )
    if not all(0 <= number < _MOST for usage in usages for number in usage[1:]):
        raise ValueError("it has a usage out of range")
    return usages


def to_text(usages: Iterable[Usage]) -> str:
    """Write usage as JSON for a journal or a tag; "" for none.

    Example:
        >>> to_text([Usage("gpu_0_utilization_percentage", 87.0, 99.0)])
        '{"gpu_0_utilization_percentage": {"mean": 87.0, "peak": 99.0}}'
    """
    content = to_json(usages)
    return json.dumps(content) if content else ""


def from_text(text: str) -> tuple[Usage, ...]:
    """Read what :func:`to_text` has written; nothing if it is damaged."""
    if not text:
        return ()
    try:
        return from_json(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return ()
