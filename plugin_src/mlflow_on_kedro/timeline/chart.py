"""Draw the timings of a pipeline run as a Gantt chart: a Plotly figure or an HTML page."""

from __future__ import annotations

import base64
import html as html_escaping
import json
import zlib
from typing import TYPE_CHECKING, Any

from ..journal.span import Span
from ..utils.plotly_page import LINK, with_plotly
from .rows import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from plotly.graph_objects import Figure

_MAX_PLAIN = 100_000
"""Bytes of a chart's data above which it is compressed, because its bars are very similar."""

_PLAIN = "show({data});"
_PACKED = """const packed = Uint8Array.from(atob("{data}"), (sign) => sign.charCodeAt(0));
const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
new Response(unpacked).json().then(show);"""
# Before and after plotly.js.
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>html, body {{ margin: 0; background: #fff; }}</style>
"""
_BODY = """
</head>
<body>
<main aria-label="{title}">
<noscript>{title}. The chart needs JavaScript.</noscript>
<div id="timeline"></div>
<script>
const show = (figure) => {{
  const place = document.getElementById("timeline");
  // Or the page's scroll bar would appear once the chart has taken the whole width, and cover it.
  place.style.minHeight = `${{figure.layout.height}}px`;
  Plotly.newPlot(place, figure.data, figure.layout, {{
    displaylogo: false,
    responsive: true,
    modeBarButtonsToRemove: ["select2d", "lasso2d"],
  }});
}};
{chart}
</script>
</main>
</body>
</html>
"""


def figure(
    spans: Iterable[Span],
    *,
    title: str | None = None,
    task_name: Callable[[str], str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw a run's timings as a Gantt chart.

    Each node has a row, in order of start with the first at the top. Loading, running and saving
    have different colours, and failures are marked. Times are in this machine's time zone.

    Args:
        spans: The timings, in any order. Without any, the figure says that nothing was timed.
        title: The chart's heading; number of nodes and total duration are written below it.
        task_name: A node's name -> the label of its row (PipelineX's ``task_name_func``).
        params: PipelineX's ``gantt_params``: arguments of ``plotly.figure_factory.create_gantt``
            and keys of Plotly's layout; see :class:`.options.Options`.

    Raises:
        ConfigError: If ``params`` has an unknown key or a value that Plotly refuses.

    Example:
        >>> chart = figure([Span("run", "train", "train", start=0.0, end=1.5, step=0)])
        >>> [bar.name for bar in chart.data]
        ['run']
    """
    from .figure import draw
    from .options import Options

    return draw(
        Timeline.from_spans(spans, task_name), Options.from_params(params or {}, title=title)
    )


def html(
    spans: Iterable[Span],
    *,
    title: str | None = None,
    task_name: Callable[[str], str] | None = None,
    params: Mapping[str, Any] | None = None,
    has_plotly: bool = True,
) -> str:
    """Draw a run's timings as an HTML page that needs no other file.

    The page contains plotly.js (about 4.8 MB), because the MLflow UI shows HTML files in a frame
    that cannot load anything. With one version of plotly, equal spans give equal pages.

    Args:
        spans: As for ``figure``.
        title: As for ``figure``.
        task_name: As for ``figure``.
        params: As for ``figure``.
        has_plotly: Whether to include plotly.js; otherwise
            :func:`mlflow_on_kedro.utils.plotly_page.with_plotly` has to add it.

    Raises:
        ConfigError: As for ``figure``.

    Example:
        >>> page = html([Span("run", "train", "train", start=0.0, end=1.5, step=0)])
        >>> page.startswith("<!DOCTYPE html>")
        True
    """
    timeline = Timeline.from_spans(spans, task_name)
    from .figure import describe, draw
    from .options import Options

    options = Options.from_params(params or {}, title=title)
    # Only the user's own options need the checks of Plotly's classes.
    chart = draw(timeline, options).to_json() if params else json.dumps(describe(timeline, options))
    heading = html_escaping.escape(f"{options.heading}: {timeline.summary}")
    body = _BODY.format(title=heading, chart=_script(chart))
    page = f"{_HEAD.format(title=heading)}{LINK}{body}"
    return with_plotly(page) if has_plotly else page


def _script(figure: str) -> str:
    """Return the JavaScript that shows a figure.

    Compressed data needs a browser of 2023 or later
    (https://developer.mozilla.org/docs/Web/API/DecompressionStream).

    Args:
        figure: The figure's data and layout, as JSON.
    """
    if len(figure) > _MAX_PLAIN:
        packed = base64.b64encode(zlib.compress(figure.encode()))
        return _PACKED.format(data=packed.decode())
    # The data must not end the script element that contains it, or begin a comment.
    return _PLAIN.format(data=figure.replace("</", r"<\/").replace("<!--", r"\u003c!--"))
