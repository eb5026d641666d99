"""The HTML page of a Gantt chart, but for plotly.js."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .layout import MAX_PLOT_HEIGHT, ROW_HEIGHT, label_of
from .plotly_page import plotly_page
from .texts import brief_duration, shorten
from .themes import DARK

if TYPE_CHECKING:
    from .options import Options
    from .rows import Row, Timeline

_BUTTONS = """<div id="buttons" hidden>
<button type="button" id="open">Open all namespaces</button>
<button type="button" id="close">Close all</button>
</div>"""


def make_page(timeline: Timeline, options: Options, figure: dict[str, Any]) -> str:
    """Make the page that shows a figure; plotly.js has to be added.

    Args:
        timeline: What the figure shows.
        options: How it is drawn.
        figure: Plotly's figure as plain data.
    """
    content = {
        **figure,
        # A user's own layout may have colours that go with a light background only.
        "dark": {} if options.layout else DARK,
        "row_height": ROW_HEIGHT,
        "max_plot_height": MAX_PLOT_HEIGHT,
        "has_own_height": "height" in options.layout,
        **_namespaces(timeline),
    }
    title = f"{options.heading}: {timeline.summary}"
    return plotly_page(title, content, "gantt", controls=_BUTTONS)


def _namespaces(timeline: Timeline) -> dict[str, Any]:
    """Describe the rows of namespaces, and the namespaces of each row, the outermost first."""
    rows: dict[tuple[str, ...], list[Row]] = {}
    for row in timeline.rows:
        for depth in range(len(row.namespaces)):
            rows.setdefault(row.namespaces[: depth + 1], []).append(row)
    numbers = {path: number for number, path in enumerate(rows)}
    return {
        "namespaces": [_namespace(path, of_path) for path, of_path in rows.items()],
        "rows": [
            [
                label_of(row),
                [numbers[row.namespaces[: depth + 1]] for depth in range(len(row.namespaces))],
            ]
            for row in timeline.rows
        ],
    }


def _namespace(path: tuple[str, ...], rows: list[Row]) -> dict[str, Any]:
    name = path[-1].removeprefix(f"{path[-2]}.") if len(path) > 1 else path[-1]
    start, end = min(row.start for row in rows), max(row.end for row in rows)
    failures = sum(row.failed for row in rows)
    failed = f", <b>✕ {failures} failed</b>" if failures else ""
    return {
        "depth": len(path) - 1,
        "name": escape(shorten(name), quote=False),
        "text": f" {len(rows):,} nodes, {brief_duration(end - start)}{failed}",
        "failed": failures > 0,
        "end": round(end * 1000, 3),
    }
