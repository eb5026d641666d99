"""The chart of a sweep: parallel coordinates, one line a combination.

The bundle of plotly.js that the plugin has lacks the trace ``parcoords``, so the lines are those of
``scatter``, over axes that are scaled here.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Sequence
from html import escape
from typing import Any

from ..timeline.plotly_page import plotly_page
from .axis import Axis
from .combination import Result
from .ranking import score
from .report import metric_names
from .space import text

MAX_LINES = 500
"""Of more combinations the best ones are drawn."""
MAX_AXES = 9
_MOST_NAMES = 12
_LINE = 80
"""How many letters a line below the chart has."""
_WIDE, _SHORT = 5, 16
"""Up to so many axes, names of up to so many letters fit beside each other."""
_GREY = "#9E9E9E"
# From worse to better; distinct for all kinds of colour vision, and on white and black.
_COLORS = ((126, 87, 194), (70, 110, 180), (33, 145, 140), (94, 201, 98))


def page(results: Sequence[Result], parameters: Sequence[str], **options: Any) -> str:
    """Draw a sweep as an HTML page, to which plotly.js is added when it is sent.

    Args:
        results: The combinations.
        parameters: The names of the sweep's parameters: the first axes.
        options: As for :func:`figure`.
    """
    content = figure(results, parameters, **options)
    return plotly_page(str(options["title"]), content, "sweep")


def figure(
    results: Sequence[Result],
    parameters: Sequence[str],
    *,
    title: str,
    metric: str | None = None,
    minimize: bool = False,
    best: Collection[str] = (),
) -> dict[str, Any]:
    """Describe the chart as plain data of Plotly's.

    Args:
        results: The combinations; those that have failed are not drawn.
        parameters: The names of the sweep's parameters.
        title: The chart's heading.
        metric: The metric by which combinations are compared; it colours the lines.
        minimize: The smaller that metric, the better.
        best: The keys of the best combinations, which have thick lines.

    Example:
        >>> results = [Result("0001", "C=1", {"C": 1}, "FINISHED", metrics={"f1": 0.9})]
        >>> [line["customdata"][0] for line in figure(results, ["C"], title="")["data"]]
        ['C=1']
    """
    finished = [one for one in results if one.is_finished]
    drawn = list(finished)
    others = [name for name in metric_names(drawn) if name != metric]
    metrics = [*filter(None, [metric]), *others]
    if metric is not None:
        sign = 1 if minimize else -1
        # The best one last, and so above the others; of several it is the first that has run.
        drawn.sort(key=lambda one: (_order(score(one, metric), sign), one.key), reverse=True)
        drawn.sort(key=lambda one: one.key in best)
    drawn = drawn[-MAX_LINES:]
    every = [
        Axis(name, [_value(one, name, is_parameter=place < len(parameters)) for one in drawn])
        for place, name in enumerate([*parameters, *metrics])
    ]
    telling = [axis for axis in every if axis.name == metric or not axis.is_constant] or every
    axes = telling[: max(MAX_AXES, len(parameters) + 1)]
    notes = _note("Equal in all, and not drawn", [one for one in every if one not in telling])
    notes += _note("Only in the table", telling[len(axes) :])
    scored = [score(one, metric) for one in drawn]
    known = [value for value in scored if value is not None]
    data = [
        _line(
            one,
            place,
            axes,
            _color(scored[place], known, minimize=minimize),
            is_best=one.key in best,
        )
        for place, one in enumerate(drawn)
    ]
    hints = [f"the greener, the better by {metric}"] if known else []
    hints += [f"{failed} failed"] if (failed := len(results) - len(finished)) else []
    hints += [f"the best {MAX_LINES} are drawn"] if len(drawn) < len(finished) else []
    hints += ["thick: the best"] if len(best) > 1 else []
    heading = f"{escape(title, quote=False)}<br><sup>{escape('; '.join(hints), quote=False)}</sup>"
    return {"data": data, "layout": _layout(axes, heading, notes)}


def _line(
    result: Result, place: int, axes: list[Axis], color: str, *, is_best: bool
) -> dict[str, Any]:
    values = [f"{axis.name} = {text(axis.values[place])}" for axis in axes]
    hover = "<br>".join(escape(line, quote=False) for line in values)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(range(len(axes))),
        "y": [axis.place(axis.values[place]) for axis in axes],
        "connectgaps": False,
        "line": {"color": color, "width": 4 if is_best else 1.5},
        "marker": {"color": color, "size": 9 if is_best else 5},
        "opacity": 1 if is_best else 0.75,
        "customdata": [escape(result.name, quote=False)] * len(axes),
        "hovertemplate": f"<b>{result.key}</b><br>{hover}<extra></extra>",
        "showlegend": False,
    }


def _note(what: str, axes: list[Axis]) -> list[str]:
    """Name axes that are left out, in a line below the chart."""
    names = [axis.name for axis in axes[:_MOST_NAMES]]
    more = f" and {len(axes) - _MOST_NAMES} more" if len(axes) > _MOST_NAMES else ""
    return textwrap.wrap(f"{what}: {', '.join(names)}{more}", _LINE) if axes else []


def _layout(axes: list[Axis], title: str, below: list[str]) -> dict[str, Any]:
    notes: list[dict[str, Any]] = [
        {
            "x": 0,
            "y": 0,
            "xref": "paper",
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "top",
            "align": "left",
            "xshift": -40,
            "yshift": -6,
            "text": "<br>".join(escape(line, quote=False) for line in below),
            "showarrow": False,
            "font": {"size": 11},
        }
    ]
    # Names in the middle of the first and the last axis would be cut by the edges of the page.
    anchors = {len(axes) - 1: "right", 0: "left"}
    is_short = all(len(axis.name) <= _SHORT for axis in axes)
    rows = 3 if len(axes) > _WIDE else 1 if is_short else 2
    for x, axis in enumerate(axes):
        # Long names beside each other would overlap.
        heading = {
            "x": x,
            "y": 1.05 + 0.065 * (x % rows),
            "xanchor": anchors.get(x, "center"),
            "xshift": {"right": 20, "left": -20}.get(anchors.get(x, ""), 0),
            "text": f"<b>{escape(axis.name, quote=False)}</b>",
        }
        notes.append({**heading, "showarrow": False, "yanchor": "bottom"})
        notes += [
            {
                "x": x,
                "y": y,
                "text": escape(word[:30], quote=False),
                "showarrow": False,
                "xanchor": "right",
                "xshift": -8,
                "bgcolor": "rgba(255,255,255,0.75)",
                "font": {"size": 11},
            }
            for y, word in axis.ticks
        ]
    return {
        "title": {"text": title, "font": {"size": 15}, "x": 0.02},
        "font": {"color": "#333333", "family": "system-ui, sans-serif"},
        "height": 480,
        "margin": {"l": 60, "r": 40, "t": 80, "b": 30 + 15 * len(below)},
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"visible": False, "range": [-0.4, max(len(axes) - 1, 0) + 0.3]},
        "yaxis": {"visible": False, "range": [-0.06, 1.26]},
        "annotations": notes,
        "shapes": [
            {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "layer": "below"}
            | {"line": {"color": "#BDBDBD", "width": 1}}
            for x in range(len(axes))
        ],
    }


def _value(result: Result, name: str, *, is_parameter: bool) -> Any:
    found = result.values.get(name) if is_parameter else (result.metrics or {}).get(name)
    return None if isinstance(found, float) and not math.isfinite(found) else found


def _order(value: float | None, sign: int) -> float:
    return math.inf if value is None else sign * value


def _color(value: float | None, known: list[float], *, minimize: bool) -> str:
    """Return the colour of a value between the worst and the best."""
    if value is None or math.isinf(value):
        return _GREY
    low, high = min(known), max(known)
    share = (value - low) / (high - low) if high > low and math.isfinite(high - low) else 1.0
    place = (1 - share if minimize else share) * (len(_COLORS) - 1)
    below = min(int(place), len(_COLORS) - 2)
    rest = place - below
    parts = (
        round(a + (b - a) * rest) for a, b in zip(_COLORS[below], _COLORS[below + 1], strict=True)
    )
    return f"rgb({', '.join(map(str, parts))})"
