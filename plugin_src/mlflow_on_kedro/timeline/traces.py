"""The traces of a timeline's figure: bars, what is drawn behind and on them, and durations."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .layout import label_of
from .options import Options
from .texts import brief_duration, format_duration, utc_time
from .themes import BACKGROUND, CRITICAL, CRITICAL_FILL
from .usage_texts import usage_lines

if TYPE_CHECKING:
    from ..journal.span import Span
    from .rows import Row, Timeline

_LEGEND = ("load", "run", "save", "failed")
_PAINTED = ("load", "save", "run", "failed")
"""From bottom to top: the run's bars cover load and save where bars are thinner than a pixel."""
_THIN = 0.001
"""A bar shorter than this fraction of the total gets an outline that keeps it visible."""
_NOTICEABLE = 0.05
"""The fraction of a node's time from which on a part of it is worth telling apart."""
_SURFACE = 0.9
"""The height of the critical path's surfaces, in rows."""
_WRAP = 80
"""Characters per line of a hover box, because it cannot be scrolled."""


def make_traces(timeline: Timeline, options: Options) -> list[dict[str, Any]]:
    """Make the traces, from bottom to top; the bars of a node share a row by being overlaid.

    Args:
        timeline: What to draw; it has rows.
        options: How to draw it.
    """
    by_group: dict[str, list[tuple[Row, Span]]] = {group: [] for group in _PAINTED}
    for row in timeline.rows:
        for span in row.spans:
            by_group["failed" if span.failed else span.kind].append((row, span))
    imports = [
        _imports(options, group, with_imports)
        for group, of_group in by_group.items()
        if (with_imports := [(row, span) for row, span in of_group if _has_imports(span)])
    ]
    for later in imports[1:]:
        later["showlegend"] = False
    return [
        *_critical_path(timeline),
        *(_bars(timeline, options, group, spans) for group, spans in by_group.items() if spans),
        *imports,
        _durations(timeline),
    ]


def _bars(
    timeline: Timeline, options: Options, group: str, spans: list[tuple[Row, Span]]
) -> dict[str, Any]:
    color = options.colors[group]
    thin = _THIN * (timeline.end - timeline.start)
    return {
        **_places([(row, span.start, span.duration) for row, span in spans]),
        "name": group,
        "width": options.bar_height,
        "marker": {
            "color": color,
            "line": {
                "color": color,
                "width": [2 if span.duration <= thin else 0 for _, span in spans],
            },
        },
        "legendrank": _LEGEND.index(group),
        "customdata": [_hover(timeline, row, span) for row, span in spans],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _places(bars: list[tuple[Row, float, float]]) -> dict[str, Any]:
    """Return where bars are, from the row, the start and the seconds of each."""
    return {
        "type": "bar",
        "orientation": "h",
        "y": [label_of(row) for row, _, _ in bars],
        "base": [round(start * 1000, 3) for _, start, _ in bars],
        # A bar of no length has no hover box.
        "x": [max(round(seconds * 1000, 3), 1e-3) for _, _, seconds in bars],
    }


def _critical_path(timeline: Timeline) -> list[dict[str, Any]]:
    """Make the surfaces behind the rows of the critical path."""
    rows = [row for row in timeline.rows if row.is_critical]
    if not rows:
        return []
    return [
        {
            **_places([(row, row.start, row.end - row.start) for row in rows]),
            "name": "critical path",
            "width": _SURFACE,
            "marker": {"color": CRITICAL_FILL, "line": {"color": CRITICAL, "width": 1.5}},
            "legendrank": len(_LEGEND) + 1,
            "hoverinfo": "skip",
        }
    ]


def _has_imports(span: Span) -> bool:
    return span.imports > _NOTICEABLE * span.duration


def _imports(options: Options, group: str, spans: list[tuple[Row, Span]]) -> dict[str, Any]:
    """Hatch the time in which libraries were imported, where most nodes do so: at the begin."""
    color = options.colors[group]
    bars = [(row, span.start, min(span.imports, span.duration)) for row, span in spans]
    return {
        **_places(bars),
        "name": "imports",
        "legendgroup": "imports",
        "width": options.bar_height,
        "marker": {
            "color": color,
            "pattern": {"shape": "/", "fgcolor": BACKGROUND, "bgcolor": color, "size": 6},
        },
        "legendrank": len(_LEGEND),
        "hoverinfo": "skip",
    }


def _durations(timeline: Timeline) -> dict[str, Any]:
    """Write how long each node took behind its last bar."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": [round(row.end * 1000, 3) for row in timeline.rows],
        "y": [label_of(row) for row in timeline.rows],
        "text": [f" {_duration_of(row)}" for row in timeline.rows],
        "textposition": "middle right",
        "textfont": {"size": 11},
        "cliponaxis": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _duration_of(row: Row) -> str:
    total = row.end - row.start
    text = brief_duration(total)
    if row.failed:
        return f"<b>✕ failed</b> after {text}"
    run = sum(span.duration for span in row.spans if span.kind == "run")
    return f"{text}, run {brief_duration(run)}" if total - run > _NOTICEABLE * total else text


def _hover(timeline: Timeline, row: Row, span: Span) -> str:
    what = span.kind if span.kind == "run" else f"{span.kind} {_wrapped(span.name)}"
    lines = [f"<b>{_wrapped(row.full_label)}</b>", f"✕ {what}: failed" if span.failed else what]
    if row.full_label != span.node:
        lines.insert(1, f"node {_wrapped(span.node)}")
    lines += [
        f"begin {utc_time(span.start)}",
        f"end {utc_time(span.end)}",
        f"duration {format_duration(span.duration)}",
    ]
    if _has_imports(span):
        lines.append(f"of which imports of libraries {format_duration(span.imports)}")
    lines += usage_lines(span.usages)
    if timeline.has_workers and span.worker:
        lines.append(f"in {_wrapped(span.worker)}")
    if row.is_critical:
        lines.append("on the critical path")
    return "<br>".join(lines)


def _wrapped(text: str) -> str:
    pieces = [text[at : at + _WRAP] for at in range(0, len(text), _WRAP)]
    return "<br>".join(escape(piece, quote=False) for piece in pieces)
