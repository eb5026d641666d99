"""Values of runs as people read them: in one line, and in YAML's words."""

from __future__ import annotations

import json
from typing import Any

from ..utils.printable import one_line

NOTHING = "(not there)"


def shown(value: Any, length: int | None = None) -> str:
    """Write a value in one line.

    Args:
        value: Any value; None: there is none.
        length: The most characters.

    Example:
        >>> shown(True), shown(1.0), shown("linear"), shown([1, 2]), shown("")
        ('true', '1.0', 'linear', '[1, 2]', '""')
    """
    if value is None:
        return NOTHING
    if isinstance(value, str) and value:
        return one_line(value, length)
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return one_line(text, length)


def change(before: float, after: float) -> str:
    """Write by how much a number has changed.

    Example:
        >>> change(0.5, 0.75), change(3.0, 2.0)
        ('+0.25', '-1')
    """
    return f"{after - before:+.6g}"
