"""The Gantt chart of a run as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from ..journal.span import Span
from .rows import Row, Timeline
from .texts import brief_duration

_MOST_ROWS = 40
_LABEL = 32
_DURATION = 11
_LEAST_BAR = 10
_SHADES = {"load": "░", "run": "█", "save": "▒"}
LEGEND = "░ load  █ run  ▒ save  ✗ failed"


def text_chart(spans: Sequence[Span], width: int = 80) -> list[str]:
    """Draw one line a node, in the order in which they began; of very many the longest.

    Args:
        spans: The spans of the run.
        width: The most characters of a line.

    Example:
        >>> spans = [Span("run", "split", "split", 0, 1, 0), Span("run", "train", "train", 1, 4, 1)]
        >>> for line in text_chart(spans, 40):
        ...     print(line)
        split  █████                      1.00 s
        train       ███████████████       3.00 s
    """
    if not spans:
        return []
    timeline = Timeline.from_spans(spans)
    rows = timeline.rows
    if len(rows) > _MOST_ROWS:
        longest = {id(row) for row in sorted(rows, key=_length, reverse=True)[:_MOST_ROWS]}
        rows = tuple(row for row in rows if id(row) in longest)
    from rich.cells import cell_len, set_cell_size

    label = min(_LABEL, max(cell_len(row.label) for row in rows))
    room = max(_LEAST_BAR, width - label - _DURATION - 4)
    scale = room / ((timeline.end - timeline.start) or 1.0)
    lines = []
    for row in rows:
        bar = _bar(row, timeline.start, scale, room)
        mark = "✗" if row.failed else " "
        lines.append(
            f"{set_cell_size(row.label, label)}  {bar} {mark}"
            f"{brief_duration(_length(row)):>{_DURATION}}"
        )
    if len(rows) < len(timeline.rows):
        lines.append(f"… and {len(timeline.rows) - len(rows)} shorter nodes")
    return lines


def _length(row: Row) -> float:
    return row.end - row.start


def _bar(row: Row, start: float, scale: float, room: int) -> str:
    cells = [" "] * room
    # The node's function last: it is what is looked for, and a load may take a part of a cell.
    for span in sorted(row.spans, key=lambda span: span.kind == "run"):
        first = min(int((span.start - start) * scale), room - 1)
        last = min(max(first + 1, round((span.start + span.duration - start) * scale)), room)
        cells[first:last] = _SHADES[span.kind] * (last - first)
    return "".join(cells)
