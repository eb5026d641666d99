"""Texts of runs for people: times, durations, numbers."""

from __future__ import annotations

from datetime import datetime

from ..tracking.summary import in_words
from ..utils.clock import local_time
from .run_record import RunRecord

COLOURS = {"FINISHED": "green", "FAILED": "red", "KILLED": "yellow", "RUNNING": "cyan"}
"""How a terminal shows each status."""


def brief_time(time_ms: int) -> str:
    """Write a time in few characters: without the year, if that is this year."""
    this_year = datetime.now().astimezone().year
    is_this = local_time(time_ms, "%Y") == str(this_year)
    return local_time(time_ms, "%m-%d %H:%M" if is_this else "%Y-%m-%d")


def duration(run: RunRecord) -> str:
    """Write how long a run took; "" if it has not ended."""
    return in_words(run.seconds) if run.seconds is not None else ""


def number(value: float) -> str:
    """Write a metric's value in at most six digits.

    Example:
        >>> number(0.123456789), number(3.0), number(1234567.0)
        ('0.123457', '3', '1.23457e+06')
    """
    return f"{value:.6g}"


def size(count: int | None) -> str:
    """Write the size of a file.

    Example:
        >>> size(812), size(12_345), size(83_000_000)
        ('812 B', '12.3 kB', '83.0 MB')
    """
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 999.95:  # noqa: PLR2004 - else it would be rounded to 1000
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
