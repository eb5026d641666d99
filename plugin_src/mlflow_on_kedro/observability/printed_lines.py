"""From the texts that threads print to whole lines, of progress bars one now and then."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

from ..utils.secrets import mask_secrets

PROGRESS_SECONDS = 10.0
"""How often a progress bar, which overwrites its own line, is passed on."""
_PARTIAL_BYTES = 8000
_UP = re.compile(r"\x1b\[(\d*)A")
"""Moves the cursor up so many rows, to overwrite them."""


class PrintedLines:
    """Passes on the lines of one stream.

    Args:
        pass_on: Called with each line, without its end.
    """

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        self._take = pass_on
        self._partial: dict[int, str] = {}
        """The line of each thread that has no end yet."""
        self._rows: dict[int, list[str]] = {}
        """Of threads that overwrite rows further up: the lines since they last moved there."""
        self._progress_at = 0.0

    def add(self, text: str) -> None:
        """Add what this thread has printed."""
        thread = threading.get_ident()
        rows_up = sum(int(count or 1) for count in _UP.findall(text))
        if rows_up:
            self._overwrite(thread, rows_up)
        partial = self._partial.pop(thread, "")
        *lines, rest = (partial + text).split("\n")
        if lines:
            self._end_lines(thread, [line.removesuffix("\r") for line in lines])
        if "\r" in rest and self._is_due():
            self._pass_on(*self._rows.pop(thread, ()), rest.rstrip("\r"))
            rest = ""
        rest = rest[rest.rfind("\r", 0, -1) + 1 :]
        if len(partial) > _PARTIAL_BYTES and not lines:  # `print` writes a line and its end apart
            place = _place_to_cut(rest)
            self._pass_on(rest[:place])
            rest = rest[place:]
        if rest:
            self._partial[thread] = rest

    def flush(self, thread: int | None = None) -> None:
        """Pass on lines that have no end yet, of one thread or of all."""
        for each in {*self._rows, *self._partial} if thread is None else (thread,):
            self._pass_on(*self._rows.pop(each, ()), self._partial.pop(each, ""))

    def _overwrite(self, thread: int, count: int) -> None:
        """Drop the last lines, as several progress bars overwrite them; keep them now and then."""
        rows = self._rows.setdefault(thread, [])
        if rows and self._is_due():
            self._pass_on(*rows)
            rows.clear()
        del rows[-count:]

    def _end_lines(self, thread: int, lines: list[str]) -> None:
        rows = self._rows.get(thread)
        if rows is not None and not rows:
            rows += lines
        else:  # the thread has not moved up since the lines before these
            self._pass_on(*self._rows.pop(thread, ()), *lines)

    def _is_due(self) -> bool:
        if time.monotonic() < self._progress_at + PROGRESS_SECONDS:
            return False
        self._progress_at = time.monotonic()
        return True

    def _pass_on(self, *lines: str) -> None:
        for line in lines:
            text = line.rpartition("\r")[2]
            if text.strip():
                self._take(text)


def _place_to_cut(text: str) -> int:
    """Return where to cut a line that has no end yet so that no secret is cut: it may go on."""
    masked = mask_secrets(text)
    for place in range(len(text) - 1000, 0, -1000):
        if mask_secrets(text[:place]) + mask_secrets(text[place:]) == masked:
            return place
    return len(text)
