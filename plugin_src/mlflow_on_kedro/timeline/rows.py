"""``Timeline``: the spans of a run as the rows of its chart, and texts for the chart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ..journal.span import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LABEL_LENGTH = 32
"""The most characters of a row's label, so that bars have room in the MLflow UI's narrow pane."""


@dataclass(frozen=True)
class Row:
    """The spans of one node.

    Attributes:
        label: The label beside the row: short, and different from all other labels.
        full_label: The label before it was shortened.
        spans: The spans, in order of start.
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
        rows: A row for each node, in order of start.
        zone: The time zone of the chart: this machine's, with its offset when the run started.
    """

    rows: tuple[Row, ...]
    zone: timezone

    @property
    def start(self) -> float:
        """When the first span started, in seconds since the epoch."""
        return min(span.start for row in self.rows for span in row.spans)

    @property
    def end(self) -> float:
        """When the last span ended, in seconds since the epoch."""
        return max(span.start + span.duration for row in self.rows for span in row.spans)

    @property
    def summary(self) -> str:
        """The number of nodes, the total duration and the number of failures, in one line."""
        if not self.rows:
            return "Nothing was timed"
        failures = sum(row.failed for row in self.rows)
        nodes = "1 node" if len(self.rows) == 1 else f"{len(self.rows):,} nodes"
        return f"{nodes} in {format_duration(self.end - self.start)}" + (
            f", {failures:,} failed" if failures else ""
        )

    def iso(self, seconds: float) -> str:
        """Format a time as ISO 8601 with milliseconds and the zone's offset.

        Args:
            seconds: Seconds since the epoch.
        """
        return datetime.fromtimestamp(round(seconds, 3), self.zone).isoformat(
            timespec="milliseconds"
        )

    @classmethod
    def from_spans(
        cls, spans: Iterable[Span], task_name: Callable[[str], str] | None = None
    ) -> Timeline:
        """Sort spans into rows.

        Args:
            spans: The spans, in any order.
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


def format_duration(seconds: float) -> str:
    """Format a duration, exact to the millisecond.

    Args:
        seconds: The duration, not negative.

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
    """Cut the middle out of a long text, because names of nodes differ mostly at their ends.

    Args:
        text: The text, of any length.
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
    """Number repeated labels, because Plotly draws rows with the same label as one row."""
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
    """Return this machine's zone as one offset, so that summer time does not break the axis."""
    offset = datetime.fromtimestamp(seconds, timezone.utc).astimezone().utcoffset()
    return timezone(offset or timedelta())
