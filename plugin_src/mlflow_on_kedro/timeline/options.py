"""The options of the Gantt chart: ``gantt_params``, as in PipelineX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..utils.suggestions import nearest
from .themes import COLORS

if TYPE_CHECKING:
    from plotly.graph_objects import Layout

_WIDEST_BAR = 0.5
"""Half of a row, the unit of create_gantt: with more, bars of neighbouring rows would overlap."""

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
    """The options of the chart, PipelineX's ``gantt_params``.

    They are the arguments of ``plotly.figure_factory.create_gantt``: ``title``, ``height`` and
    ``width`` in pixels, ``showgrid_x``, ``showgrid_y``, ``show_colorbar`` (the legend),
    ``bar_width`` (half of a bar's height, 0 to 0.5 rows), ``reverse_colors``, and ``colors``: a
    mapping of ``load``, ``run``, ``save`` and ``failed`` to colours; or a list of colours for run,
    load, save and failed; or one colour, for run; or the name of one of Plotly's colour scales.
    Every key of Plotly's layout is an option, too, and overrides all others.

    To keep PipelineX configurations working, these are accepted and have no effect:
    ``group_tasks`` (rows are always grouped), ``show_hover_fill`` (bars always show their times),
    ``index_col`` (colours always mean the kind of work), and ``data``, ``tasks``, ``task_names``
    (PipelineX does not use them either).

    Attributes:
        heading: The chart's title without the summary that follows it.
        colors: The colours of ``load``, ``run``, ``save``, ``failed``.
        bar_height: The height of a bar, in rows.
        showgrid_x: Whether grid lines mark the times.
        showgrid_y: Whether grid lines mark the rows.
        showlegend: Whether a legend explains the colours.
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
    def from_params(cls, params: Mapping[str, Any], title: str | None = None) -> Options:
        """Read ``gantt_params``.

        Args:
            params: The options; see the class.
            title: The heading, unless ``params`` has one.

        Raises:
            ConfigError: If a key is unknown or a value cannot be used.
        """
        others = params.keys() - set(_CREATE_GANTT) - _CREATE_GANTT_WITHOUT_EFFECT
        if others:
            from plotly.graph_objects import Layout

            known = Layout()
            for key in params:
                if key in others:
                    _check_layout_key(str(key), known)
        skipped = {"title", *_CREATE_GANTT, *_CREATE_GANTT_WITHOUT_EFFECT}
        layout = {str(key): value for key, value in params.items() if key not in skipped}
        heading = params.get("title", title)
        if isinstance(heading, Mapping):
            layout["title"] = dict(heading)
            heading = heading.get("text", title)
        bar_width = params.get("bar_width", cls.bar_height / 2)
        if not is_number(bar_width) or not 0 < bar_width <= _WIDEST_BAR:
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


def _check_layout_key(key: str, known: Layout) -> None:
    # ``in`` also takes plotly's paths, such as xaxis_title_text.
    if key in known:
        return
    valid = {"title", *_CREATE_GANTT, *_CREATE_GANTT_WITHOUT_EFFECT, *known}
    near = nearest(key, sorted(valid))
    raise ConfigError(
        f"gantt_params: unknown key {key!r}; did you mean {near!r}? Known are "
        f"title, {', '.join(_CREATE_GANTT)} and the keys of Plotly's layout: "
        "https://plotly.com/python/reference/layout/"
    )


def _colors(params: Mapping[str, Any]) -> dict[str, str]:
    given = params.get("colors")
    if given is None:
        chosen = dict(COLORS)
    elif isinstance(given, Mapping):
        unknown = [key for key in given if key not in COLORS]
        # With index_col the keys of create_gantt are values of that column, which has no effect.
        if unknown and not params.get("index_col"):
            near = nearest(str(unknown[0]), COLORS)
            raise ConfigError(
                f"gantt_params: unknown key {unknown[0]!r} in 'colors'; did you mean {near!r}? "
                f"Known are {', '.join(COLORS)}."
            )
        chosen = {**COLORS, **{kind: _color(given[kind]) for kind in COLORS if kind in given}}
    else:
        sequence = _scale(given) if isinstance(given, str) else given
        if not isinstance(sequence, Sequence) or not sequence:
            raise ConfigError(
                f"gantt_params: 'colors' must be a list or a mapping of colours: {given!r}"
            )
        if is_number(sequence[0]):
            sequence = [sequence]
        chosen = {**COLORS, **dict(zip(COLORS, map(_color, sequence), strict=False))}
    if _switch(params, "reverse_colors", default=False):
        return dict(zip(chosen, reversed(chosen.values()), strict=True))
    return chosen


def _scale(name: str) -> list[str]:
    """Return four colours of one of Plotly's scales, or the name itself if it is a colour."""
    from plotly import colors

    if name.lower() not in colors.named_colorscales():
        return [name]
    sampled: list[str] = colors.sample_colorscale(name, [0.15, 0.4, 0.65, 0.9])
    return sampled


def _color(given: Any) -> str:
    """Return a colour as text for Plotly; create_gantt also takes three numbers from 0 to 1."""
    if isinstance(given, Sequence) and len(given) == len("rgb") and all(map(is_number, given)):
        return f"rgb({', '.join(str(round(255 * part)) for part in given)})"
    return str(given)


def _switch(params: Mapping[str, Any], key: str, *, default: bool = True) -> bool:
    value = params.get(key, default)
    if not isinstance(value, bool):
        raise ConfigError(f"gantt_params: '{key}' must be true or false: {value!r}")
    return value


def is_number(value: Any) -> bool:
    """Whether a value is a number and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)
