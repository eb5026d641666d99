"""Timings of a pipeline run: spans, and the rows of the chart that they make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ..journal.span import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LABEL_LENGTH = 32
"""Characters of a row's label: what leaves room for bars in the MLflow UI's narrow pane."""


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
