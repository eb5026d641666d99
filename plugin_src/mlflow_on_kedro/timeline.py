"""Timings of a pipeline run -> a Gantt chart."""

from __future__ import annotations

import base64
import html as html_escaping
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from plotly.graph_objects import Figure

_LABEL_LENGTH = 32
"""Characters of a row's label: what leaves room for bars in the MLflow UI's narrow pane."""

_MAX_PLAIN = 100_000
"""Bytes of a chart's data; more are compressed, because what all bars say is much alike."""

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
<script>"""
_BODY = """</script>
</head>
<body>
<main aria-label="{title}">
<noscript>{title}. The chart needs JavaScript.</noscript>
<div id="timeline"></div>
<script>
const show = (figure) => Plotly.newPlot("timeline", figure.data, figure.layout, {{
  displaylogo: false,
  responsive: true,
  modeBarButtonsToRemove: ["select2d", "lasso2d"],
}});
{chart}
</script>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Span:
    """One timed step of a node.

    Attributes:
        kind: What was timed: loading an input, running the node's function, saving an output.
        node: The node's name.
        name: The dataset's name for ``load`` and ``save``, the node's name for ``run``.
        start: When it began, in seconds since the epoch.
        end: When it ended, in seconds since the epoch.
        step: The node's place in the pipeline's order.
        failed: Whether it ended in an error.
    """

    kind: Literal["load", "run", "save"]
    node: str
    name: str
    start: float
    end: float
    step: int
    failed: bool = False

    @property
    def duration(self) -> float:
        """Seconds; 0 if the clock was set back in between."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True)
class Row:
    """All that was timed of one node.

    Attributes:
        label: What stands beside the row: short, and no other row's.
        full_label: The same, however long.
        spans: In order of start.
    """

    label: str
    full_label: str
    spans: tuple[Span, ...]

    @property
    def failed(self) -> bool:
        """Whether any of the node's spans failed."""
        return any(span.failed for span in self.spans)


@dataclass(frozen=True)
class Timeline:
    """A run's timings, ready to be drawn.

    Attributes:
        rows: One a node, in order of start.
        zone: The zone in which times are shown: this machine's, as it was when the run started.
    """

    rows: tuple[Row, ...]
    zone: timezone

    @property
    def start(self) -> float:
        """The first begin, in seconds since the epoch."""
        return min(span.start for row in self.rows for span in row.spans)

    @property
    def end(self) -> float:
        """The last end, in seconds since the epoch."""
        return max(span.start + span.duration for row in self.rows for span in row.spans)

    @property
    def summary(self) -> str:
        """One line: nodes, total duration, failures."""
        if not self.rows:
            return "Nothing was timed"
        failures = sum(row.failed for row in self.rows)
        nodes = "1 node" if len(self.rows) == 1 else f"{len(self.rows):,} nodes"
        return f"{nodes} in {format_duration(self.end - self.start)}" + (
            f", {failures:,} failed" if failures else ""
        )

    def iso(self, seconds: float) -> str:
        """Write a time as ISO 8601 with milliseconds and the zone's offset.

        Args:
            seconds: Since the epoch.
        """
        return datetime.fromtimestamp(round(seconds, 3), self.zone).isoformat(
            timespec="milliseconds"
        )

    @classmethod
    def of(cls, spans: Iterable[Span], task_name: Callable[[str], str] | None = None) -> Timeline:
        """Sort spans into rows.

        Args:
            spans: In any order.
            task_name: A node's name -> its label.
        """
        by_node: dict[str, list[Span]] = {}
        for span in sorted(spans, key=lambda span: (span.start, span.step, span.node, span.end)):
            by_node.setdefault(span.node, []).append(span)
        full_labels = [str(task_name(node)) if task_name else node for node in by_node]
        rows = tuple(
            Row(label, full_label, tuple(of_node))
            for label, full_label, of_node in zip(
                _distinct([shorten(label) for label in full_labels]),
                full_labels,
                by_node.values(),
                strict=True,
            )
        )
        return cls(rows, _zone_at(rows[0].spans[0].start) if rows else timezone.utc)


def figure(
    spans: Iterable[Span],
    *,
    title: str | None = None,
    task_name: Callable[[str], str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw a run's timings as a Gantt chart.

    One row a node, in order of start with the first at the top; loading, running and saving are
    told apart by colour; what failed is marked. Times are wall-clock times in this machine's zone.

    Args:
        spans: What was timed, in any order. None at all gives a figure that says so.
        title: The chart's heading; number of nodes and total duration are written below it.
        task_name: A node's name -> the label of its row (PipelineX's ``task_name_func``).
        params: PipelineX's ``gantt_params``: arguments of ``plotly.figure_factory.create_gantt``
            and keys of Plotly's layout; ``timeline_options.Options`` says which of them do what.

    Raises:
        ConfigError: If ``params`` has an unknown key or a value that Plotly refuses.

    Example:
        >>> chart = figure([Span("run", "train", "train", start=0.0, end=1.5, step=0)])
        >>> [bar.name for bar in chart.data]
        ['run']
    """
    from .timeline_figure import draw
    from .timeline_options import Options

    return draw(Timeline.of(spans, task_name), Options.of(params or {}, title=title))


def html(
    spans: Iterable[Span],
    *,
    title: str | None = None,
    task_name: Callable[[str], str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> str:
    """Draw a run's timings as one page that needs nothing beside it.

    The MLflow UI shows HTML artifacts in a frame that can fetch nothing, so plotly.js (about
    4.8 MB) is inside. The same spans give the same page, byte for byte, on one version of plotly.

    Args:
        spans: As for ``figure``.
        title: As for ``figure``.
        task_name: As for ``figure``.
        params: As for ``figure``.

    Raises:
        ConfigError: As for ``figure``.

    Example:
        >>> page = html([Span("run", "train", "train", start=0.0, end=1.5, step=0)])
        >>> page.startswith("<!DOCTYPE html>")
        True
    """
    timeline = Timeline.of(spans, task_name)
    from plotly.offline import get_plotlyjs

    from .timeline_figure import describe, draw
    from .timeline_options import Options

    options = Options.of(params or {}, title=title)
    # Only what the user has said needs Plotly's checks.
    chart = draw(timeline, options).to_json() if params else json.dumps(describe(timeline, options))
    heading = html_escaping.escape(f"{options.heading}: {timeline.summary}")
    body = _BODY.format(title=heading, chart=_script(chart))
    return f"{_HEAD.format(title=heading)}{get_plotlyjs()}{body}"


def _script(figure: str) -> str:
    """Say in JavaScript to show a figure.

    Compressed data needs a browser of 2023 or later
    (https://developer.mozilla.org/docs/Web/API/DecompressionStream).

    Args:
        figure: Its data and layout, as JSON.
    """
    if len(figure) > _MAX_PLAIN:
        packed = base64.b64encode(zlib.compress(figure.encode()))
        return _PACKED.format(data=packed.decode())
    # Nothing in it may end the script that holds it, or begin a comment.
    return _PLAIN.format(data=figure.replace("</", r"<\/").replace("<!--", r"\u003c!--"))


def format_duration(seconds: float) -> str:
    """Write a duration exact to the millisecond.

    Args:
        seconds: Not negative.

    Example:
        >>> format_duration(3723.5)
        '1 h 2 min 3.500 s'
    """
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours:,} h"] if hours else []
    parts += [f"{minutes} min"] if hours or minutes else []
    return " ".join([*parts, f"{milliseconds / 1000:.3f} s"])


def shorten(text: str, length: int = _LABEL_LENGTH) -> str:
    """Take out the middle of a long text; a node's name tells most by its ends.

    Args:
        text: Any length.
        length: The most characters to return.

    Example:
        >>> shorten("data_processing.preprocess_companies", 16)
        'data_pro…mpanies'
    """
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail].rstrip('._')}…{text[-tail:]}"


def _distinct(labels: list[str]) -> list[str]:
    """Number repeated labels: Plotly would draw two rows of one label as one."""
    taken = set(labels)
    seen: Counter[str] = Counter()
    result = []
    for label in labels:
        seen[label] += 1
        numbered = label
        if seen[label] > 1:
            while (numbered := f"{label} ({seen[label]})") in taken:
                seen[label] += 1
            taken.add(numbered)
        result.append(numbered)
    return result


def _zone_at(seconds: float) -> timezone:
    """This machine's zone as one offset: a change to summer time must not fold the axis."""
    offset = datetime.fromtimestamp(seconds, timezone.utc).astimezone().utcoffset()
    return timezone(offset or timedelta())
