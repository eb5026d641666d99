"""Draw the timings of a pipeline run as a Gantt chart: a Plotly figure or an HTML page."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..journal.span import Span
from .page import make_page
from .plotly_js import with_plotly
from .rows import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from plotly.graph_objects import Figure


def figure(
    spans: Iterable[Span],
    *,
    title: str | None = None,
    task_name: Callable[[str], str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw a run's timings as a Gantt chart.

    Each node has a row, in order of start with the first at the top. Loading, running and saving
    have different colours, failures and the critical path are marked, and durations are written
    beside the bars. The axis has local time, and the hover boxes have UTC.

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
        >>> [bar.name for bar in chart.data if bar.type == "bar"]
        ['run']
    """
    from .figure import draw
    from .options import Options

    timeline = Timeline.from_spans(spans, task_name)
    return draw(timeline, Options.from_params(params or {}, title=title))


def html(
    spans: Iterable[Span],
    *,
    title: str | None = None,
    task_name: Callable[[str], str] | None = None,
    params: Mapping[str, Any] | None = None,
    has_plotly: bool = True,
) -> str:
    """Draw a run's timings as an HTML page that needs no other file.

    The page contains plotly.js, compressed to half a megabyte, because the MLflow UI shows HTML
    files in a frame that cannot load anything. Its theme follows the
    browser's, unless ``params`` has keys of Plotly's layout. More than 60 nodes are
    gathered by namespace: a click on a namespace shows its nodes. Equal spans give equal pages.

    Args:
        spans: As for ``figure``.
        title: As for ``figure``.
        task_name: As for ``figure``.
        params: As for ``figure``.
        has_plotly: Whether to include plotly.js; otherwise :func:`.plotly_js.with_plotly` has to
            add it.

    Raises:
        ConfigError: As for ``figure``, or ``params`` are given and Plotly is not installed.

    Example:
        >>> page = html([Span("run", "train", "train", start=0.0, end=1.5, step=0)])
        >>> page.startswith("<!DOCTYPE html>")
        True
    """
    if params and importlib.util.find_spec("plotly") is None:
        raise ConfigError("gantt_params need Plotly: run `pip install plotly`.")
    from .figure import describe, draw
    from .options import Options

    timeline = Timeline.from_spans(spans, task_name, by_namespace=True)
    options = Options.from_params(params or {}, title=title)
    chart = describe(timeline, options)
    if params:  # only the user's own options need the checks of Plotly's classes
        chart["layout"] = json.loads(draw(timeline, options).to_json())["layout"]
    page = make_page(timeline, options, chart)
    return with_plotly(page) if has_plotly else page
