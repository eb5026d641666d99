"""A comparison as HTML, for notebooks. Names and values come from others, so all are escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .headline import headline
from .plain_text import run_line, section_lines, summary_lines

if TYPE_CHECKING:
    from .comparison import Comparison
    from .differences import Section


def html_of(found: Comparison) -> str:
    """Write a comparison as HTML that needs no style sheet and no script."""
    runs = "".join(
        f"<div><b>{letter}</b> {escape(run_line(run))}</div>"
        for letter, run in (("A", found.a), ("B", found.b))
    )
    sections = "".join(_section(section) for section in (*found.causes, *found.results))
    summary = "".join(f"<div>{escape(line)}</div>" for line in summary_lines(found))
    return f"<div><p><b>{escape(headline(found))}</b></p>{runs}{sections}<p>{summary}</p></div>"


def _section(section: Section) -> str:
    if not section.differs:
        return ""
    lines = "\n".join(escape(line) for line in section_lines(section))
    return f"<p><b>{escape(section.title)}</b></p><pre>{lines}</pre>"
