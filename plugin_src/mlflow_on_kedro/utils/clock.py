"""Times in MLflow's unit, milliseconds since the epoch."""

from __future__ import annotations

import time
from datetime import datetime


def now_ms() -> int:
    """Return the milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def local_time(time_ms: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Write a time in this machine's time zone.

    Args:
        time_ms: Milliseconds since the epoch.
        form: The form, as for ``strftime``.

    Returns:
        ``?`` for what is no time of any calendar.
    """
    try:
        return datetime.fromtimestamp(time_ms / 1000).astimezone().strftime(form)
    except (ValueError, OverflowError, OSError):
        return "?"
