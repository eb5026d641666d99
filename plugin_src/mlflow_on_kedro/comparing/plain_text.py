"""A comparison as plain text, for a terminal or a notebook's ``repr``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..history.texts import number
from ..tracking.summary import in_words
from ..utils.clock import local_time
from ..utils.printable import one_line, printable
from .comparison import OTHER_NODES
from .headline import both, headline
from .values import NOTHING, change, shown

if TYPE_CHECKING:
    from .comparison import Comparison
    from .differences import Difference, Section

MOST_LINES = 15
"""How many differences of a kind are listed."""
MOST_CODE = 10
"""How many changed lines of a file are shown."""
_VALUE, _NAME, _CODE = 60, 50, 110


def text_of(found: Comparison) -> str:
    """Write a comparison: the likely cause first, and equal things in one line."""
    lines = [headline(found), ""]
    lines += [f"{letter}  {run_line(run)}" for letter, run in (("A", found.a), ("B", found.b))]
    for section in (*found.causes, *found.results):
        if section.differs or (section.notes and section.is_cause):
            lines += ["", section.title, *section_lines(section)]
    lines.append("")
    lines += summary_lines(found)
    return "\n".join(lines)


def summary_lines(found: Comparison) -> Iterator[str]:
    """Yield what is equal, and what is not recorded, each in one line."""
    known = [*found.causes, found.metrics]
    equal = [item.title.lower() for item in known if not (item.differs or item.missing)]
    if equal:
        yield f"Equal: {', '.join(equal)}"
    unknown = [f"{item.title.lower()} (in {item.missing})" for item in found.causes if item.missing]
    if unknown:
        yield f"Not recorded: {', '.join(unknown)}"


def run_line(run: Any) -> str:
    """Name a run: its name, id, begin and status."""
    if not run.run_id:
        return one_line(run.name)
    return f"{one_line(run.name, 60)}  {run.run_id}  {local_time(run.start_ms)}  {run.status}"


def section_lines(section: Section, most: int = MOST_LINES) -> list[str]:
    """Write the differences of one kind, indented.

    Args:
        section: The differences.
        most: How many are listed.
    """
    listed = section.differences[:most]
    rows = [(one_line(str(item.name), _NAME), _text(section, item)) for item in listed]
    rest = len(section.differences) - len(listed)
    lines = []
    for row, item in zip(_aligned(rows), listed, strict=True):
        lines += [
            row,
            *(f"      {printable(line)[:_CODE].rstrip()}" for line in item.lines[:MOST_CODE]),
        ]
        if len(item.lines) > MOST_CODE:
            lines.append(f"      ... and {len(item.lines) - MOST_CODE:,} more lines")
    if rest:
        lines.append(f"  ... and {rest:,} more (--json has all)")
    return [*lines, *(f"  {one_line(note)}" for note in section.notes)]


def _aligned(rows: Iterable[tuple[str, str]]) -> list[str]:
    listed = list(rows)
    width = max((len(name) for name, _ in listed), default=0)
    return [f"  {name:<{width}}  {text}" for name, text in listed]


def _text(section: Section, item: Difference) -> str:
    if section.title == OTHER_NODES:
        return "A" if item.before else "B"
    if section.title == "Code" and item.before is None:
        return shown(item.after, _VALUE)
    if section.title == "Durations":
        return f"{in_words(item.before)} -> {in_words(item.after)}"
    if section.title == "Metrics":
        values = (item.before, item.after)
        rounded = [NOTHING if value is None else number(value) for value in values]
        texts = " -> ".join(rounded if len({*rounded}) > 1 else both(item, _VALUE))
        return texts if None in values else f"{texts}  ({change(*values)})"
    return " -> ".join(both(item, _VALUE))
