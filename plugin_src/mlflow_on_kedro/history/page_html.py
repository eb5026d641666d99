"""The page of a run as HTML for a notebook; every text in it is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ..journal.span import Span
from ..timeline.rows import Timeline
from ..timeline.texts import brief_duration
from ..utils.printable import printable
from .sections import Section

_COLOURS = {"load": "#9ecae1", "run": "#3182bd", "save": "#74c476"}
_FAILED = "#de2d26"
_MOST_ROWS = 60
_STATUS = {"FINISHED": "#2e7d32", "FAILED": "#c62828", "KILLED": "#b26a00", "RUNNING": "#00796b"}
_CELL = "text-align:left;vertical-align:top;padding:1px 12px 1px 0;white-space:pre-wrap"


def page_html(title: str, status: str, sections: Sequence[Section], spans: Sequence[Span]) -> str:
    """Write the page.

    Args:
        title: Its heading.
        status: The run's status.
        sections: Its parts; empty ones are left out.
        spans: The timings of the run's nodes.
    """
    colour = _STATUS.get(status, "inherit")
    shown = f'<span style="color:{colour};font-size:80%">{_text(status)}</span>'
    parts = [f'<h3 style="margin:0">{_text(title)} {shown}</h3>']
    for section in sections:
        if section.is_empty:
            continue
        if section.title:
            parts.append(f'<h4 style="margin:12px 0 4px">{_text(section.title)}</h4>')
        parts += _rows(section)
    parts += _chart(spans)
    return f'<div style="max-width:1000px">{"".join(parts)}</div>'


def _rows(section: Section) -> Iterator[str]:
    if section.rows:
        rows = (
            "<tr>" + "".join(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in row) + "</tr>"
            for row in section.rows
        )
        yield f'<table style="border:0">{"".join(rows)}</table>'
    if section.note:
        yield f"<p>{_text(section.note)}</p>"


def _chart(spans: Sequence[Span]) -> Iterator[str]:
    if not spans:
        return
    timeline = Timeline.from_spans(spans)
    whole = (timeline.end - timeline.start) or 1.0
    yield '<h4 style="margin:12px 0 4px">Timeline</h4><table style="border:0;width:100%">'
    for row in timeline.rows[:_MOST_ROWS]:
        bars = "".join(
            _bar(span, (span.start - timeline.start) / whole, span.duration / whole)
            for span in row.spans
        )
        took = brief_duration(row.end - row.start)
        yield (
            f'<tr><td style="{_CELL};width:1%;white-space:nowrap" title="{_text(row.full_label)}">'
            f'{_text(row.label)}</td><td style="padding:0"><div style="position:relative;'
            f'height:14px">{bars}</div></td><td style="{_CELL};width:1%;white-space:nowrap;'
            f'text-align:right;padding:1px 0 1px 8px">{took}</td></tr>'
        )
    yield "</table>"
    if len(timeline.rows) > _MOST_ROWS:
        yield f"<p>… and {len(timeline.rows) - _MOST_ROWS} more nodes</p>"


def _bar(span: Span, start: float, share: float) -> str:
    colour = _FAILED if span.failed else _COLOURS[span.kind]
    about = f"{span.kind} {span.name}: {brief_duration(span.duration)}"
    return (
        f'<div title="{_text(about)}" style="position:absolute;height:12px;background:{colour};'
        f'left:{100 * start:.2f}%;width:max(1px,{100 * share:.2f}%)"></div>'
    )


def _text(text: str) -> str:
    return escape(printable(text))
