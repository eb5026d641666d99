"""A timeline -> Plotly's figure of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING, Any

from .errors import ConfigError
from .timeline import format_duration

if TYPE_CHECKING:
    from plotly.graph_objects import Bar, Figure, Layout

    from .timeline import Row, Span, Timeline

COLORS = {"run": "#0060A8", "load": "#7F8FA6", "save": "#00906A", "failed": "#D55E00"}
"""Chosen by simulation: any two are far apart in every kind of colour blindness (18 and more in
CIE76), and each stands out from white by 3:1 and more (WCAG 1.4.11)."""

_LEGEND = ("load", "run", "save", "failed")
_PAINTED = ("load", "save", "run", "failed")
"""Bottom to top: where bars are thinner than a pixel, the node's work is what should be seen."""
_FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_INK, _FAINT, _GRID = "#1F272D", "#5F7281", "#E8EDF1"

_ROW_HEIGHT = 24
_WIDEST_BAR = 0.5
"""Half of a row, as create_gantt counts; bars of neighbours would meet."""
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

_CREATE_GANTT = (
    "bar_width",
    "colors",
    "reverse_colors",
    "show_colorbar",
    "showgrid_x",
    "showgrid_y",
)
_CREATE_GANTT_WITHOUT_EFFECT = frozenset(
    {"data", "group_tasks", "index_col", "show_hover_fill", "task_names", "tasks"}
)


@dataclass(frozen=True)
class Options:
    """What the user may say about the chart, PipelineX's ``gantt_params``.

    As in ``plotly.figure_factory.create_gantt``: ``title``, ``height`` and ``width`` in pixels,
    ``showgrid_x``, ``showgrid_y``, ``show_colorbar`` (the legend), ``bar_width`` (half of a bar's
    height, 0 to 0.5 rows), ``reverse_colors``, and ``colors``: a mapping of ``load``, ``run``,
    ``save`` and ``failed`` to colours; or colours for run, load, save and failed in this order; or
    one colour, for run; or the name of one of Plotly's scales. Beside these, every key of Plotly's
    layout, which wins over all else.

    ``group_tasks`` (rows are always grouped), ``show_hover_fill`` (bars always tell their times),
    ``index_col`` (the colour tells the kind of work) and ``data``, ``tasks``, ``task_names``
    (unused there too) are accepted, so that a PipelineX configuration keeps working, and do
    nothing.

    Attributes:
        heading: The chart's title without the summary that follows it.
        colors: Of ``load``, ``run``, ``save``, ``failed``.
        bar_height: In rows.
        showgrid_x: Whether lines mark the times.
        showgrid_y: Whether lines mark the rows.
        showlegend: Whether colours are explained.
        layout: Keys of Plotly's layout.
    """

    heading: str = "Timeline"
    colors: Mapping[str, str] = field(default_factory=lambda: dict(COLORS))
    bar_height: float = 0.64
    showgrid_x: bool = True
    showgrid_y: bool = True
    showlegend: bool = True
    layout: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, params: Mapping[str, Any], title: str | None = None) -> Options:
        """Read ``gantt_params``.

        Args:
            params: See the class.
            title: The heading, unless ``params`` has one.

        Raises:
            ConfigError: If a key is unknown or a value cannot be used.
        """
        from plotly.graph_objects import Layout

        known = Layout()
        for key in params:
            if key not in _CREATE_GANTT and key not in _CREATE_GANTT_WITHOUT_EFFECT:
                _check_layout_key(str(key), known)
        skipped = {"title", *_CREATE_GANTT, *_CREATE_GANTT_WITHOUT_EFFECT}
        layout = {str(key): value for key, value in params.items() if key not in skipped}
        heading = params.get("title", title)
        if isinstance(heading, Mapping):
            layout["title"] = dict(heading)
            heading = heading.get("text", title)
        bar_width = params.get("bar_width", cls.bar_height / 2)
        if not _is_number(bar_width) or not 0 < bar_width <= _WIDEST_BAR:
            raise ConfigError(
                f"gantt_params: 'bar_width' must be a number above 0 and up to {_WIDEST_BAR}: "
                f"{bar_width!r}"
            )
        return cls(
            heading=cls.heading if heading is None else str(heading),
            colors=_colors(params),
            bar_height=2 * bar_width,
            showgrid_x=_switch(params, "showgrid_x"),
            showgrid_y=_switch(params, "showgrid_y"),
            showlegend=_switch(params, "show_colorbar"),
            layout=layout,
        )


def draw(timeline: Timeline, options: Options) -> Figure:
    """Draw a timeline.

    Args:
        timeline: What to draw.
        options: How to draw it.

    Raises:
        ConfigError: If Plotly refuses a colour or a value for the layout.
    """
    from plotly.graph_objects import Figure, Scatter

    chart = Figure()
    rows = timeline.rows
    if rows:
        chart.add_traces(_bars(timeline, options))
        if len(rows) > _ROWS_IN_VIEW:
            # Plotly shows an axis only when something is drawn on it.
            chart.add_trace(
                Scatter(x=[None], y=[None], xaxis="x2", showlegend=False, hoverinfo="skip")
            )
    chart.update_layout(_layout(timeline, options))
    try:
        chart.update_layout(dict(options.layout))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"gantt_params: Plotly refuses a value. {_first_lines(error)}") from None
    return chart


def _bars(timeline: Timeline, options: Options) -> list[Bar]:
    """One trace a colour; spans of a node share a row because bars are overlaid."""
    from plotly.graph_objects import Bar

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
        try:
            bar = Bar(
                orientation="h",
                name=group,
                y=[_tick(row, options) for row, _ in of_group],
                base=[span.start * 1000 + shift for _, span in of_group],
                # A bar of no length at all cannot be hovered.
                x=[max(span.duration * 1000, 1e-3) for _, span in of_group],
                width=options.bar_height,
                marker={
                    "color": color,
                    "line": {
                        "color": color,
                        "width": [2 if span.duration <= thin else 0 for _, span in of_group],
                    },
                },
                legendrank=_LEGEND.index(group),
                customdata=[_hover(timeline, row, span) for row, span in of_group],
                hovertemplate="%{customdata}<extra></extra>",
            )
        except ValueError:
            raise ConfigError(
                f"gantt_params: 'colors' has something that is not a colour: {color!r}. "
                "Use a name such as 'teal', '#009988' or 'rgb(0, 153, 136)'."
            ) from None
        if group == "failed":
            bar.update(
                text=["✕ failed"] * len(of_group),
                textposition="outside",
                textfont={"color": color},
                cliponaxis=False,
            )
        bars.append(bar)
    return bars


def _layout(timeline: Timeline, options: Options) -> dict[str, Any]:
    rows = timeline.rows
    plot_height = min(_ROW_HEIGHT * max(len(rows), 2), _MAX_PLOT_HEIGHT)
    bottom = _TIME_AXIS if len(rows) > _ROWS_IN_VIEW else _BOTTOM
    height = options.layout.get("height") or _TOP + plot_height + bottom
    if not _is_number(height) or height < _LEAST_HEIGHT:
        raise ConfigError(
            f"gantt_params: 'height' must be a number of pixels, "
            f"{_LEAST_HEIGHT} or more: {height!r}"
        )
    layout: dict[str, Any] = {
        "template": "plotly_white",
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


def _check_layout_key(key: str, known: Layout) -> None:
    # ``in`` also takes plotly's paths, such as xaxis_title_text.
    if key in known:
        return
    valid = {"title", *_CREATE_GANTT, *_CREATE_GANTT_WITHOUT_EFFECT, *known}
    near = get_close_matches(key, sorted(valid), n=1, cutoff=0.0)
    raise ConfigError(
        f"gantt_params: unknown key {key!r}; did you mean {near[0]!r}? Known are "
        f"title, {', '.join(_CREATE_GANTT)} and the keys of Plotly's layout: "
        "https://plotly.com/python/reference/layout/"
    )


def _colors(params: Mapping[str, Any]) -> dict[str, str]:
    given = params.get("colors")
    if given is None:
        chosen = dict(COLORS)
    elif isinstance(given, Mapping):
        unknown = [key for key in given if key not in COLORS]
        # With index_col, create_gantt's keys are that column's values: there is none here.
        if unknown and not params.get("index_col"):
            near = get_close_matches(str(unknown[0]), COLORS, n=1, cutoff=0.0)
            raise ConfigError(
                f"gantt_params: unknown key {unknown[0]!r} in 'colors'; did you mean {near[0]!r}? "
                f"Known are {', '.join(COLORS)}."
            )
        chosen = {**COLORS, **{kind: _color(given[kind]) for kind in COLORS if kind in given}}
    else:
        sequence = _scale(given) if isinstance(given, str) else given
        if not isinstance(sequence, Sequence) or not sequence:
            raise ConfigError(
                f"gantt_params: 'colors' must be a list or a mapping of colours: {given!r}"
            )
        if _is_number(sequence[0]):
            sequence = [sequence]
        chosen = {**COLORS, **dict(zip(COLORS, map(_color, sequence), strict=False))}
    if _switch(params, "reverse_colors", default=False):
        return dict(zip(chosen, reversed(chosen.values()), strict=True))
    return chosen


def _scale(name: str) -> list[str]:
    """Four colours of one of Plotly's scales, or the one colour that was named."""
    from plotly import colors

    if name.lower() not in colors.named_colorscales():
        return [name]
    sampled: list[str] = colors.sample_colorscale(name, [0.15, 0.4, 0.65, 0.9])
    return sampled


def _color(given: Any) -> str:
    """A colour for Plotly; create_gantt also took red, green and blue from 0 to 1."""
    if isinstance(given, Sequence) and len(given) == len("rgb") and all(map(_is_number, given)):
        return f"rgb({', '.join(str(round(255 * part)) for part in given)})"
    return str(given)


def _switch(params: Mapping[str, Any], key: str, *, default: bool = True) -> bool:
    value = params.get(key, default)
    if not isinstance(value, bool):
        raise ConfigError(f"gantt_params: '{key}' must be true or false: {value!r}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _first_lines(error: Exception) -> str:
    """What Plotly says without its list of everything that it would accept."""
    lines = [line.strip() for line in str(error).split("\n\n", maxsplit=1)[0].splitlines()]
    return " ".join(line for line in lines if line)
