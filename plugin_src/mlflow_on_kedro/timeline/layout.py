"""Plotly's layout of a timeline: title, legend, the time axes and the axis of nodes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .options import Options, is_number
from .themes import BACKGROUND, FAINT, GRID, INK

if TYPE_CHECKING:
    from .rows import Row, Timeline

_FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

ROW_HEIGHT = 24
"""The height of a row, in pixels, unless there are very many."""
_LEAST_HEIGHT = 10
"""Plotly's own minimum for a figure, in pixels."""
MAX_PLOT_HEIGHT = 12_000
_TOP, _BOTTOM, _TIME_AXIS = 172, 16, 54
_LEAST_LEFT = 20
_LABEL_PIXELS = 6.8
"""The width of a letter of a row's label, and then some."""
_DURATIONS = 150
"""Pixels at the right end for the durations behind the last bars."""
ROWS_IN_VIEW = 25
"""With more rows the upper time axis scrolls out of view, so that a lower one is needed."""
_SHORTEST_VIEW = 0.01
"""The least seconds on the time axis: Plotly's dates have a resolution of 0.1 µs."""


def make_layout(timeline: Timeline, options: Options) -> dict[str, Any]:
    """Make the figure's layout.

    Args:
        timeline: What to draw.
        options: How to draw it.

    Raises:
        ConfigError: If the height is not a number of pixels.
    """
    rows = timeline.rows
    plot_height = min(ROW_HEIGHT * max(len(rows), 2), MAX_PLOT_HEIGHT)
    bottom = _TIME_AXIS if len(rows) > ROWS_IN_VIEW else _BOTTOM
    height = options.layout.get("height") or _TOP + plot_height + bottom
    if not is_number(height) or height < _LEAST_HEIGHT:
        raise ConfigError(
            f"gantt_params: 'height' must be a number of pixels, "
            f"{_LEAST_HEIGHT} or more: {height!r}"
        )
    layout: dict[str, Any] = {
        "template": {},  # to resolve one of Plotly's takes longer than to draw the chart
        "plot_bgcolor": BACKGROUND,
        "paper_bgcolor": BACKGROUND,
        "barmode": "overlay",
        "hovermode": "closest",
        "height": height,
        "font": {"family": _FONT, "size": 12, "color": INK},
        "title": {
            "text": f"<b>{escape(options.heading, quote=False)}</b>"
            f"<br><span style='font-size:13px'>{timeline.summary}</span>",
            "font": {"size": 17},
            "xref": "container",
            "x": 0,
            "xanchor": "left",
            "pad": {"l": 20},
            "yref": "container",
            "y": _fraction(28, height),
            "yanchor": "top",
        },
        "hoverlabel": {
            "align": "left",
            "bgcolor": BACKGROUND,
            "bordercolor": FAINT,
            "font": {"family": _FONT, "size": 12, "color": INK},
        },
        "showlegend": options.showlegend,
        # Below the title, which leaves it the whole width.
        "legend": {
            "orientation": "h",
            "itemsizing": "constant",
            "xref": "container",
            "x": 0.01,
            "xanchor": "left",
            "yref": "container",
            "y": _fraction(68, height),
            "yanchor": "top",
        },
        "margin": {"t": _TOP, "b": bottom, "l": _left(rows), "r": _DURATIONS, "pad": 4},
    }
    if not rows:
        layout["annotations"] = [
            {
                "text": "Nothing was timed.",
                "showarrow": False,
                "font": {"size": 15, "color": FAINT},
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


def _fraction(pixels: float, height: float) -> float:
    """Convert pixels from the top to Plotly's fraction of a figure's height."""
    return max(0.0, 1 - pixels / height)


def _left(rows: tuple[Row, ...]) -> int:
    """Return the pixels that the labels need: Plotly's own margin cuts them in a narrow frame."""
    longest = max((len(row.label) for row in rows), default=0)
    return max(_LEAST_LEFT, 12 + round(longest * _LABEL_PIXELS))


def _time_axes(timeline: Timeline, options: Options) -> dict[str, Any]:
    axis = {
        "type": "date",
        "range": _view(timeline),
        "ticks": "outside",
        "tickcolor": GRID,
        "tickfont": {"color": FAINT},
        "zeroline": False,
        "automargin": True,
    }
    upper = {
        **axis,
        "side": "top",
        "showgrid": options.showgrid_x,
        "gridcolor": GRID,
        "title": {
            "text": "Local time",  # to which Plotly converts
            "font": {"size": 11, "color": FAINT},
            "standoff": 8,
        },
    }
    if len(timeline.rows) <= ROWS_IN_VIEW:
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
        "categoryarray": [label_of(row) for row in rows],
        "range": [len(rows) - 0.5, -0.5],
        "automargin": True,
        "showgrid": options.showgrid_y,
        "gridcolor": GRID,
        "zeroline": False,
        # Plotly leaves labels out where rows are lower than a line; zooming in shows them.
        "tickfont": {"size": max(9, min(12, int(plot_height / len(rows) * 0.7)))},
    }


def _view(timeline: Timeline) -> list[float]:
    length = max(timeline.end - timeline.start, _SHORTEST_VIEW)
    return [
        (timeline.start - 0.02 * length) * 1000,
        (timeline.start + 1.02 * length) * 1000,
    ]


def label_of(row: Row) -> str:
    """Return a row's label as Plotly's HTML, escaped because a lambda's name has angle brackets."""
    label = escape(row.label, quote=False)
    return f"<b>✕ {label}</b>" if row.failed else label
