"""A timeline -> Plotly's figure of it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .options import Options, is_number
from .spans import format_duration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ..journal.span import Span
    from .spans import Row, Timeline

_LEGEND = ("load", "run", "save", "failed")
_PAINTED = ("load", "save", "run", "failed")
"""Bottom to top: where bars are thinner than a pixel, the node's work is what should be seen."""
_FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK, _FAINT, _GRID = "#1F272D", "#5F7281", "#E8EDF1"

_ROW_HEIGHT = 24
_LEAST_HEIGHT = 10
"""Plotly's own limit for a picture, in pixels."""
_MAX_PLOT_HEIGHT = 12_000
_TOP, _BOTTOM, _TIME_AXIS = 112, 16, 40
_ROWS_IN_VIEW = 25
"""More rows than these leave the upper time axis out of sight when scrolled down."""
_THIN = 0.001
"""Shorter than this part of the whole, a bar gets an outline that keeps it visible."""
_SHORTEST_VIEW = 0.01
"""Seconds that the time axis spans at least: Plotly's dates end at 0.1 µs."""
_WRAP = 80
"""Characters of a line in a hover box, which cannot be scrolled."""


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

    Plotly's classes check each value, which takes longer than all the rest.

    Args:
        timeline: What to draw.
        options: How to draw it.

    Raises:
        ConfigError: If the height is no number of pixels.
    """
    data = _bars(timeline, options) if timeline.rows else []
    if len(timeline.rows) > _ROWS_IN_VIEW:
        # Plotly shows an axis only when something is drawn on it.
        nothing = {"x": [None], "y": [None], "xaxis": "x2"}
        data.append({"type": "scatter", **nothing, "showlegend": False, "hoverinfo": "skip"})
    return {"data": data, "layout": _layout(timeline, options)}


def _bars(timeline: Timeline, options: Options) -> list[dict[str, Any]]:
    """One trace a colour; spans of a node share a row because bars are overlaid."""
    by_group: dict[str, list[tuple[Row, Span]]] = {group: [] for group in _PAINTED}
    for row in timeline.rows:
        for span in row.spans:
            by_group["failed" if span.failed else span.kind].append((row, span))
    shift = _shift(timeline)
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
            "y": [_tick(row, options) for row, _ in of_group],
            "base": [round(span.start * 1000 + shift, 3) for _, span in of_group],
            # A bar of no length at all cannot be hovered.
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
        if group == "failed":
            bar |= {
                "text": ["✕ failed"] * len(of_group),
                "textposition": "outside",
                "textfont": {"color": color},
                "cliponaxis": False,
            }
        bars.append(bar)
    return bars


def _layout(timeline: Timeline, options: Options) -> dict[str, Any]:
    rows = timeline.rows
    plot_height = min(_ROW_HEIGHT * max(len(rows), 2), _MAX_PLOT_HEIGHT)
    bottom = _TIME_AXIS if len(rows) > _ROWS_IN_VIEW else _BOTTOM
    height = options.layout.get("height") or _TOP + plot_height + bottom
    if not is_number(height) or height < _LEAST_HEIGHT:
        raise ConfigError(
            f"gantt_params: 'height' must be a number of pixels, "
            f"{_LEAST_HEIGHT} or more: {height!r}"
        )
    layout: dict[str, Any] = {
        "template": {},  # to resolve one of Plotly's takes longer than to draw the chart
        "plot_bgcolor": "#fff",
        "paper_bgcolor": "#fff",
        "barmode": "overlay",
        "hovermode": "closest",
        "height": height,
        "font": {"family": _FONT, "size": 12, "color": _INK},
        "title": {
            "text": f"<b>{escape(options.heading, quote=False)}</b>"
            f"<br><span style='font-size:13px;color:{_FAINT}'>{timeline.summary}</span>",
            "font": {"size": 17},
            **_place(20, 28, height, right=False),
        },
        "hoverlabel": {
            "align": "left",
            "bgcolor": "#fff",
            "bordercolor": _FAINT,
            "font": {"family": _FONT, "size": 12, "color": _INK},
        },
        "showlegend": options.showlegend,
        # Below Plotly's own buttons.
        "legend": {
            "orientation": "h",
            "itemsizing": "constant",
            **_place(0, 30, height, right=True),
        },
        "margin": {"t": _TOP, "b": bottom, "l": 20, "r": 28, "pad": 4},
    }
    if not rows:
        layout["annotations"] = [
            {
                "text": "Nothing was timed.",
                "showarrow": False,
                "font": {"size": 15, "color": _FAINT},
                "xref": "paper",
                "x": 0.5,
                "yref": "paper",
                "y": 0.5,
            }
        ]
        return {**layout, "xaxis": {"visible": False}, "yaxis": {"visible": False}}
    return {
        **layout,
        **_time_axes(timeline, options),
        "yaxis": _node_axis(rows, plot_height, options),
    }


def _place(x: float, y: float, height: float, *, right: bool) -> dict[str, Any]:
    """A place in pixels from the upper corner, which Plotly wants as parts of the whole."""
    return {
        "xref": "container",
        "x": 1 if right else 0,
        "xanchor": "right" if right else "left",
        **({} if right else {"pad": {"l": x}}),
        "yref": "container",
        "y": max(0.0, 1 - y / height),
        "yanchor": "top",
    }


def _time_axes(timeline: Timeline, options: Options) -> dict[str, Any]:
    axis = {
        "type": "date",
        "range": _view(timeline),
        "ticks": "outside",
        "tickcolor": _GRID,
        "tickfont": {"color": _FAINT},
        "zeroline": False,
        "automargin": True,
    }
    upper = {
        **axis,
        "side": "top",
        "showgrid": options.showgrid_x,
        "gridcolor": _GRID,
        "title": {
            "text": f"Time ({timeline.zone})",
            "font": {"size": 11, "color": _FAINT},
            "standoff": 8,
        },
    }
    if len(timeline.rows) <= _ROWS_IN_VIEW:
        return {"xaxis": upper}
    lower = {
        **axis,
        "side": "bottom",
        "overlaying": "x",
        "matches": "x",
        "tickmode": "auto",
        "showgrid": False,
    }
    return {"xaxis": upper, "xaxis2": lower}


def _node_axis(rows: tuple[Row, ...], plot_height: float, options: Options) -> dict[str, Any]:
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": [_tick(row, options) for row in rows],
        "range": [len(rows) - 0.5, -0.5],
        "automargin": True,
        "showgrid": options.showgrid_y,
        "gridcolor": _GRID,
        "zeroline": False,
        # Plotly leaves labels out where rows are lower than a line; zooming in shows them.
        "tickfont": {"size": max(9, min(12, int(plot_height / len(rows) * 0.7)))},
    }


def _view(timeline: Timeline) -> list[float]:
    """The time axis' range: all that was timed, and room for the word beside what failed."""
    length = max(timeline.end - timeline.start, _SHORTEST_VIEW)
    room = 0.14 if any(row.failed for row in timeline.rows) else 0.02
    shift = _shift(timeline)
    return [
        (timeline.start - 0.02 * length) * 1000 + shift,
        (timeline.start + (1 + room) * length) * 1000 + shift,
    ]


def _shift(timeline: Timeline) -> float:
    """Milliseconds to add: Plotly has no time zones and shows numbers as UTC."""
    offset = timeline.zone.utcoffset(None)
    return offset.total_seconds() * 1000


def _tick(row: Row, options: Options) -> str:
    """The row's label, in Plotly's HTML; a lambda's name has angle brackets."""
    label = escape(row.label, quote=False)
    if row.failed:
        return f"<b style='color:{options.colors['failed']}'>✕ {label}</b>"
    return label


def _hover(timeline: Timeline, row: Row, span: Span) -> str:
    what = span.kind if span.kind == "run" else f"{span.kind} {_wrapped(span.name)}"
    lines = [f"<b>{_wrapped(row.full_label)}</b>", f"✕ {what}: failed" if span.failed else what]
    if row.full_label != span.node:
        lines.insert(1, f"node {_wrapped(span.node)}")
    lines += [
        f"begin {timeline.iso(span.start)}",
        f"end {timeline.iso(span.end)}",
        f"duration {format_duration(span.duration)}",
    ]
    return "<br>".join(lines)


def _wrapped(text: str) -> str:
    pieces = [text[at : at + _WRAP] for at in range(0, len(text), _WRAP)]
    return "<br>".join(escape(piece, quote=False) for piece in pieces)


def _first_lines(error: Exception) -> str:
    """What Plotly says without its list of everything that it would accept."""
    lines = [line.strip() for line in str(error).split("\n\n", maxsplit=1)[0].splitlines()]
    return " ".join(line for line in lines if line)
