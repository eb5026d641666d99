"""The page of a run as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from ..utils.printable import one_line, printable
from .sections import Section

_MOST_KEY = 40
_INDENT = 2


def page_text(title: str, sections: Sequence[Section], chart: Sequence[str], width: int) -> str:
    """Write the page.

    Args:
        title: Its first line.
        sections: Its parts; empty ones are left out.
        chart: The lines of the Gantt chart.
        width: The most characters of a line; 0: lines are not broken.
    """
    lines = [one_line(title)]
    for section in sections:
        if not section.is_empty:
            lines += ["", section.title] if section.title else []
            lines += _rows(section, width)
    if chart:
        lines += ["", "Timeline", *(f"{' ' * _INDENT}{line}" for line in chart)]
    return "\n".join(lines)


def _rows(section: Section, width: int) -> Iterator[str]:
    from rich.cells import cell_len, set_cell_size

    rows = [[one_line(cell) for cell in row[:-1]] + [printable(row[-1])] for row in section.rows]
    places = range(len(rows[0]) - 1) if rows else ()
    widths = [min(_MOST_KEY, max(cell_len(row[place]) for row in rows)) for place in places]
    for row in rows:
        # A name that is too long for its column keeps all its characters, and moves what follows.
        cells = [
            set_cell_size(cell, wide) if cell_len(cell) <= wide else cell
            for cell, wide in zip(row[:-1], widths, strict=True)
        ]
        begin = " " * _INDENT + "".join(f"{cell}  " for cell in cells)
        yield from _wrapped(begin, row[-1], width)
    if section.note:
        yield from _wrapped(" " * _INDENT, section.note, width)


def _broken(line: str, room: int) -> list[str]:
    return textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False)


def _wrapped(begin: str, text: str, width: int) -> list[str]:
    from rich.cells import cell_len

    below = " " * cell_len(begin)
    room = max(width - len(below), 20) if width else 0
    lines: list[str] = []
    for line in text.splitlines() or [""]:
        # Words are kept whole, so that a URL or a path can be copied.
        lines += _broken(line, room) or [""] if room else [line]
    return [f"{begin if place == 0 else below}{line}".rstrip() for place, line in enumerate(lines)]
