"""The chart of a sweep: parallel coordinates, one line a combination.

The bundle of plotly.js that the plugin has lacks the trace ``parcoords``, so the lines are those of
``scatter``, over axes that are scaled here.
"""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from ..timeline import plotly_js
from .combination import Result
from .report import metric_names, score
from .space import text

MAX_LINES = 500
"""Of more combinations the best ones are drawn."""
MAX_AXES = 9
_TEMPLATE = Path(plotly_js.__file__).parent / "assets" / "sweep.html"
_TICKS = 5
_TICK_GAP = 0.035
"""Numbers beside an axis that are nearer to each other would overlap."""
_MOST_NAMES = 12
_WIDE = 5
"""Up to so many axes, their names fit beside each other."""
_LOG_RATIO = 100
"""From this ratio of the greatest to the least number on, an axis is logarithmic."""
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
    packed = gzip.compress(json.dumps(content).encode(), mtime=0)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(str(options["title"])),
        content=base64.b64encode(packed).decode(),
        plotly=plotly_js.PLACEHOLDER,
    )


def figure(
    results: Sequence[Result],
    parameters: Sequence[str],
    *,
    title: str,
    metric: str | None = None,
    minimize: bool = False,
) -> dict[str, Any]:
    """Describe the chart as plain data of Plotly's.

    Args:
        results: The combinations; those that have failed are not drawn.
        parameters: The names of the sweep's parameters.
        title: The chart's heading.
        metric: The metric by which combinations are compared; it colours the lines.
        minimize: The smaller that metric, the better.

    Example:
        >>> results = [Result("0001", "C=1", {"C": 1}, "FINISHED", metrics={"f1": 0.9})]
        >>> [line["customdata"][0] for line in figure(results, ["C"], title="")["data"]]
        ['C=1']
    """
    finished = [one for one in results if one.is_finished]
    drawn = list(finished)
    others = [name for name in metric_names(drawn) if name != metric]
    metrics = [*filter(None, [metric]), *others]
    names = [*parameters, *metrics][: max(MAX_AXES, len(parameters) + 1)]
    if metric is not None:
        sign = 1 if minimize else -1
        # The best one last, and so above the others; of several it is the first that has run.
        drawn.sort(key=lambda one: (_order(score(one, metric), sign), one.key), reverse=True)
    drawn = drawn[-MAX_LINES:]
    axes = [
        _Axis(name, [_value(one, name, is_parameter=place < len(parameters)) for one in drawn])
        for place, name in enumerate(names)
    ]
    scored = [score(one, metric) for one in drawn]
    known = [value for value in scored if value is not None]
    data = [
        _line(one, place, axes, _color(scored[place], known, minimize=minimize), is_best=is_best)
        for place, one in enumerate(drawn)
        for is_best in [place == len(drawn) - 1 and scored[place] is not None]
    ]
    hints = [f"the greener, the better by {metric}"] if known else []
    hints += [f"{failed} failed"] if (failed := len(results) - len(finished)) else []
    hints += [f"the best {MAX_LINES} are drawn"] if len(drawn) < len(finished) else []
    heading = f"{escape(title, quote=False)}<br><sup>{escape('; '.join(hints), quote=False)}</sup>"
    return {"data": data, "layout": _layout(axes, heading)}


class _Axis:
    """One axis: where each value is on it, from 0 to 1, and what is written beside it."""

    def __init__(self, name: str, values: list[Any]) -> None:
        self.name = name
        self.values = values
        numbers = [float(one) for one in values if _is_number(one)]
        known = [one for one in values if one is not None]
        self.is_number = bool(numbers) and len(numbers) == len(known)
        if not self.is_number:
            words = list(dict.fromkeys(text(one) for one in known))
            last = max(1, len(words) - 1)
            self._places = {word: place / last for place, word in enumerate(words)}
            step = math.ceil(len(words) / _MOST_NAMES) or 1
            self.ticks = [(self._places[word], word) for word in words[::step]]
            return
        low, high = min(numbers), max(numbers)
        # Values such as 0.001, 0.1, 10 would lie upon each other.
        self._is_log = low > 0 and high / low >= _LOG_RATIO
        self._low, self._high = self._scaled(low), self._scaled(high)
        distinct = sorted(set(numbers))
        if len(distinct) > _TICKS + 1:
            span = self._high - self._low
            scaled = [self._low + span * place / (_TICKS - 1) for place in range(_TICKS)]
            distinct = [10**one if self._is_log else one for one in scaled]
        self.ticks = []
        for one in distinct:
            place = self._share(one)
            if not self.ticks or place - self.ticks[-1][0] > _TICK_GAP:
                self.ticks.append((place, f"{one:.4g}"))

    def _scaled(self, number: float) -> float:
        return math.log10(number) if self._is_log else number

    def place(self, value: Any) -> float | None:
        if value is None:
            return None
        if not self.is_number:
            return self._places[text(value)]
        return self._share(float(value))

    def _share(self, number: float) -> float:
        span = self._high - self._low
        return (self._scaled(number) - self._low) / span if span else 0.5


def _line(
    result: Result, place: int, axes: list[_Axis], color: str, *, is_best: bool
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


def _layout(axes: list[_Axis], title: str) -> dict[str, Any]:
    notes: list[dict[str, Any]] = []
    for x, axis in enumerate(axes):
        # Long names beside each other would overlap.
        heading = {
            "x": x,
            "y": 1.05 + 0.07 * (x % 2 if len(axes) > _WIDE else 0),
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
        "margin": {"l": 60, "r": 40, "t": 80, "b": 30},
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": {"visible": False, "range": [-0.4, max(len(axes) - 1, 0) + 0.3]},
        "yaxis": {"visible": False, "range": [-0.06, 1.2]},
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
