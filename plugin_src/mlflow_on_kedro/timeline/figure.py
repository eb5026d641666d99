"""Draw a timeline as Plotly's figure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .layout import ROWS_IN_VIEW, label_of, make_layout, utc_offset_ms
from .options import Options
from .texts import brief_duration, format_duration, utc_time
from .themes import BACKGROUND, CRITICAL, CRITICAL_FILL

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ..journal.span import Span
    from .rows import Row, Timeline

_LEGEND = ("load", "run", "save", "failed")
_PAINTED = ("load", "save", "run", "failed")
"""From bottom to top: the run's bars cover load and save where bars are thinner than a pixel."""
_THIN = 0.001
"""A bar shorter than this fraction of the total gets an outline that keeps it visible."""
_NOTICEABLE = 0.05
"""The fraction of a row's time from which on loads and saves are told apart from the run."""
_WRAP = 80
"""Characters per line of a hover box, because it cannot be scrolled."""


def draw(timeline: Timeline, options: Options) -> Figure:
    """Draw a timeline.

    Args:
        timeline: What to draw.
        options: How to draw it.

    Raises:
        ConfigError: If Plotly refuses a colour or a value for the layout.
    """
    from plotly.graph_objects import Bar, Figure

    described = describe(timeline, options)
    for trace in described["data"]:
        if trace["type"] == "bar":
            color = trace["marker"]["color"]
            try:
                Bar(marker={"color": color})
            except ValueError:
                raise ConfigError(
                    f"gantt_params: 'colors' has something that is not a colour: {color!r}. "
                    "Use a name such as 'teal', '#009988' or 'rgb(0, 153, 136)'."
                ) from None
    chart = Figure(described)
    try:
        chart.update_layout(dict(options.layout))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"gantt_params: Plotly refuses a value. {_first_lines(error)}") from None
    return chart


def describe(timeline: Timeline, options: Options) -> dict[str, Any]:
    """Describe a timeline's figure as plain data, without the user's own layout.

    Plotly's classes are avoided, because they check each value, which takes most of the time.

    Args:
        timeline: What to draw.
        options: How to draw it.

    Raises:
        ConfigError: If the height is not a number of pixels.
    """
    data: list[dict[str, Any]] = []
    if timeline.rows:
        # From bottom to top.
        data = [
            *_critical_path(timeline),
            *_bars(timeline, options),
            *_imports(timeline, options),
            _durations(timeline),
        ]
    if len(timeline.rows) > ROWS_IN_VIEW:
        # Plotly shows an axis only when something is drawn on it.
        nothing = {"x": [None], "y": [None], "xaxis": "x2"}
        data.append({"type": "scatter", **nothing, "showlegend": False, "hoverinfo": "skip"})
    return {"data": data, "layout": make_layout(timeline, options)}


def _bars(timeline: Timeline, options: Options) -> list[dict[str, Any]]:
    """Make one trace per colour; the spans of a node share a row because bars are overlaid."""
    by_group: dict[str, list[tuple[Row, Span]]] = {group: [] for group in _PAINTED}
    for row in timeline.rows:
        for span in row.spans:
            by_group["failed" if span.failed else span.kind].append((row, span))
    shift = utc_offset_ms(timeline)
    thin = _THIN * (timeline.end - timeline.start)
    bars = []
    for group, of_group in by_group.items():
        if not of_group:
            continue
        color = options.colors[group]
        bar = {
            "type": "bar",
            "orientation": "h",
            "name": group,
            "y": [label_of(row) for row, _ in of_group],
            "base": [round(span.start * 1000 + shift, 3) for _, span in of_group],
            # A bar of no length has no hover box.
            "x": [max(round(span.duration * 1000, 3), 1e-3) for _, span in of_group],
            "width": options.bar_height,
            "marker": {
                "color": color,
                "line": {
                    "color": color,
                    "width": [2 if span.duration <= thin else 0 for _, span in of_group],
                },
            },
            "legendrank": _LEGEND.index(group),
            "customdata": [_hover(timeline, row, span) for row, span in of_group],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        bars.append(bar)
    return bars


def _critical_path(timeline: Timeline) -> list[dict[str, Any]]:
    """Make the surfaces behind the rows of the critical path."""
    rows = [row for row in timeline.rows if row.is_critical]
    if not rows:
        return []
    shift = utc_offset_ms(timeline)
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": "critical path",
            "y": [label_of(row) for row in rows],
            "base": [round(row.start * 1000 + shift, 3) for row in rows],
            "x": [max(round((row.end - row.start) * 1000, 3), 1e-3) for row in rows],
            "width": 0.9,
            "marker": {"color": CRITICAL_FILL, "line": {"color": CRITICAL, "width": 1.5}},
            "legendrank": len(_LEGEND) + 1,
            "hoverinfo": "skip",
        }
    ]


def _imports(timeline: Timeline, options: Options) -> list[dict[str, Any]]:
    """Hatch the time in which a node has imported libraries, at the bar's begin."""
    found = [
        (row, span)
        for row in timeline.rows
        for span in row.spans
        if span.imports > _NOTICEABLE * span.duration
    ]
    if not found:
        return []
    shift = utc_offset_ms(timeline)
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": "imports",
            "y": [label_of(row) for row, _ in found],
            "base": [round(span.start * 1000 + shift, 3) for _, span in found],
            "x": [round(min(span.imports, span.duration) * 1000, 3) for _, span in found],
            "width": options.bar_height,
            "marker": {
                "color": options.colors["run"],
                "pattern": {
                    "shape": "/",
                    "fgcolor": BACKGROUND,
                    "bgcolor": options.colors["run"],
                    "size": 6,
                    "solidity": 0.4,
                },
            },
            "legendrank": len(_LEGEND),
            "hoverinfo": "skip",
        }
    ]


def _durations(timeline: Timeline) -> dict[str, Any]:
    """Write how long each node took behind its last bar."""
    shift = utc_offset_ms(timeline)
    return {
        "type": "scatter",
        "mode": "text",
        "x": [round(row.end * 1000 + shift, 3) for row in timeline.rows],
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
    if span.imports:
        lines.append(f"of which imports of libraries {format_duration(span.imports)}")
    if timeline.has_workers and span.worker:
        lines.append(f"in {_wrapped(span.worker)}")
    if row.is_critical:
        lines.append("on the critical path")
    return "<br>".join(lines)


def _wrapped(text: str) -> str:
    pieces = [text[at : at + _WRAP] for at in range(0, len(text), _WRAP)]
    return "<br>".join(escape(piece, quote=False) for piece in pieces)


def _first_lines(error: Exception) -> str:
    """Return Plotly's message without its list of all accepted values."""
    lines = [line.strip() for line in str(error).split("\n\n", maxsplit=1)[0].splitlines()]
    return " ".join(line for line in lines if line)
