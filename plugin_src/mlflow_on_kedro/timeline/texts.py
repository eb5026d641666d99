"""Texts of the Gantt chart: durations, times, and names that fit beside their rows."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

_LABEL_LENGTH = 32
"""The most characters of a row's label, so that bars have room in the MLflow UI's narrow pane."""
_BRIEF = ((0.00095, 1000, 1, "ms"), (0.9995, 1000, 0, "ms"), (9.995, 1, 2, "s"), (59.95, 1, 1, "s"))
"""Below how many seconds: the factor, the digits and the unit of a brief duration."""


def format_duration(seconds: float) -> str:
    """Format a duration, exact to the millisecond.

    Args:
        seconds: The duration, not negative.

    Example:
        >>> format_duration(3723.5)
        '1 h 2 min 3.500 s'
    """
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours:,} h"] if hours else []
    parts += [f"{minutes} min"] if hours or minutes else []
    return " ".join([*parts, f"{milliseconds / 1000:.3f} s"])


def brief_duration(seconds: float) -> str:
    """Format a duration in two or three digits, to be written beside a bar.

    Args:
        seconds: The duration, not negative.

    Example:
        >>> [brief_duration(seconds) for seconds in (0.0004, 0.0123, 1.234, 15.31, 200, 3723.5)]
        ['0.4 ms', '12 ms', '1.23 s', '15.3 s', '3 min 20 s', '1 h 2 min']
    """
    # Each limit is what would be rounded up to the next unit.
    for limit, scale, digits, unit in _BRIEF:
        if seconds < limit:
            return f"{seconds * scale:.{digits}f} {unit}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def utc_time(seconds: float) -> str:
    """Format a time in UTC, with milliseconds.

    Args:
        seconds: Seconds since the epoch.

    Example:
        >>> utc_time(0.9996)
        '1970-01-01 00:00:01.000 UTC'
    """
    time = datetime.fromtimestamp(round(seconds, 3), timezone.utc).replace(tzinfo=None)
    return f"{time.isoformat(' ', timespec='milliseconds')} UTC"


def shorten(text: str, length: int = _LABEL_LENGTH) -> str:
    """Cut the middle out of a long text, because names of nodes differ mostly at their ends.

    Args:
        text: The text, of any length.
        length: The most characters to return.

    Example:
        >>> shorten("data_processing.preprocess_companies", 16)
        'data_pro…mpanies'
    """
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail].rstrip('._')}…{text[-tail:]}"


def distinct(labels: list[str]) -> list[str]:
    """Number repeated labels, because Plotly draws rows with the same label as one row.

    Example:
        >>> distinct(["train", "train"])
        ['train', 'train (2)']
    """
    taken = set(labels)
    seen: Counter[str] = Counter()
    result = []
    for label in labels:
        seen[label] += 1
        numbered = label
        if seen[label] > 1:
            while (numbered := f"{label} ({seen[label]})") in taken:
                seen[label] += 1
            taken.add(numbered)
        result.append(numbered)
    return result
