"""``Timeline``: the spans of a run as the rows of its chart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..journal.span import Span
from .critical_path import critical_path, dependencies_of
from .namespaces import in_tree_order, namespaces_of
from .texts import brief_duration, distinct, format_duration, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_FEW = 60
"""The most nodes whose rows are not gathered by namespace."""
_INDENT = "\N{EM SPACE}"


@dataclass(frozen=True)
class Row:
    """The spans of one node.

    Attributes:
        label: The label beside the row: short, and different from all other labels.
        full_label: The label before it was shortened.
        spans: The spans, in order of start.
        namespaces: The namespaces whose rows open into this one, the outermost first.
        is_critical: Whether the node is on the critical path.
    """

    label: str
    full_label: str
    spans: tuple[Span, ...]
    namespaces: tuple[str, ...] = ()
    is_critical: bool = False

    @cached_property
    def failed(self) -> bool:
        """Whether any of the node's spans failed."""
        return any(span.failed for span in self.spans)

    @cached_property
    def start(self) -> float:
        """When the first span started, in seconds since the epoch."""
        return min(span.start for span in self.spans)

    @cached_property
    def end(self) -> float:
        """When the last span ended, in seconds since the epoch."""
        return max(span.start + span.duration for span in self.spans)


@dataclass(frozen=True)
class Timeline:
    """A run's timings, ready to be drawn.

    Attributes:
        rows: A row for each node, in order of start; those of a namespace follow each other.
        has_workers: Whether several processes or threads ran nodes.
    """

    rows: tuple[Row, ...]
    has_workers: bool = False

    @cached_property
    def start(self) -> float:
        """When the first span started, in seconds since the epoch."""
        return min(row.start for row in self.rows)

    @cached_property
    def end(self) -> float:
        """When the last span ended, in seconds since the epoch."""
        return max(row.end for row in self.rows)

    @property
    def summary(self) -> str:
        """The nodes, the total duration, the critical path and the failures, in one line."""
        if not self.rows:
            return "Nothing was timed"
        failures = sum(row.failed for row in self.rows)
        nodes = "1 node" if len(self.rows) == 1 else f"{len(self.rows):,} nodes"
        critical = [row.end - row.start for row in self.rows if row.is_critical]
        return (
            f"{nodes} in {format_duration(self.end - self.start)}"
            + (f", critical path {brief_duration(sum(critical))}" if critical else "")
            + (f", {failures:,} failed" if failures else "")
        )

    @classmethod
    def from_spans(
        cls,
        spans: Iterable[Span],
        task_name: Callable[[str], str] | None = None,
        *,
        by_namespace: bool = False,
    ) -> Timeline:
        """Sort spans into rows.

        Args:
            spans: The spans, in any order.
            task_name: A node's name -> its label.
            by_namespace: Whether the rows of many nodes are gathered by namespace.
        """
        by_node: dict[str, list[Span]] = {}
        for span in sorted(spans, key=lambda span: (span.start, span.step, span.node, span.end)):
            by_node.setdefault(span.node, []).append(span)
        nodes = list(by_node)
        namespaces: dict[str, list[str]] = {}
        if by_namespace and len(nodes) > _FEW:
            namespaces = namespaces_of(nodes)
            nodes = in_tree_order(nodes, namespaces)
        full_labels = [str(task_name(node)) if task_name else node for node in nodes]
        labels = distinct(
            [
                _label(label, namespaces.get(node, []))
                for node, label in zip(nodes, full_labels, strict=True)
            ]
        )
        rows = [
            Row(label, full_label, tuple(by_node[node]), tuple(namespaces.get(node, ())))
            for node, label, full_label in zip(nodes, labels, full_labels, strict=True)
        ]
        durations = {node: row.end - row.start for node, row in zip(nodes, rows, strict=True)}
        every = [span for of_node in by_node.values() for span in of_node]
        chain = set(critical_path(durations, dependencies_of(every)))
        rows = [
            replace(row, is_critical=node in chain) for node, row in zip(nodes, rows, strict=True)
        ]
        workers = {span.worker for row in rows for span in row.spans if span.kind == "run"}
        return cls(
            tuple(rows),
            has_workers=len(workers - {""}) > 1,
        )


def _label(full_label: str, namespaces: list[str]) -> str:
    """Return a row's label: below its namespace's, it needs no namespace itself."""
    if not namespaces:
        return shorten(full_label)
    return _INDENT * len(namespaces) + shorten(full_label.removeprefix(f"{namespaces[-1]}."))
