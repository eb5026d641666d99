"""Draw a timeline as Plotly's figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .layout import ROWS_IN_VIEW, make_layout
from .options import Options
from .traces import make_traces

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from .rows import Timeline


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
        data = make_traces(timeline, options)
    if len(timeline.rows) > ROWS_IN_VIEW:
        # Plotly shows an axis only when something is drawn on it.
        nothing = {"x": [None], "y": [None], "xaxis": "x2"}
        data.append({"type": "scatter", **nothing, "showlegend": False, "hoverinfo": "skip"})
    return {"data": data, "layout": make_layout(timeline, options)}


def _first_lines(error: Exception) -> str:
    """Return Plotly's message without its list of all accepted values."""
    lines = [line.strip() for line in str(error).split("\n\n", maxsplit=1)[0].splitlines()]
    return " ".join(line for line in lines if line)
