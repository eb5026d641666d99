"""What distinguishes the workers of a run: their hosts, processes or threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..journal.span import Span

_TITLES = ("", "process ", "thread ")


def with_labels(spans: Sequence[Span]) -> list[Span]:
    """Name the workers of spans by what tells them apart; "" if one has run everything.

    Args:
        spans: Spans whose workers are as :func:`~.journal.span.current_worker` names them.

    Example:
        >>> span = Span("run", "train", "train", 0.0, 1.0, 0, worker="laptop/41/MainThread")
        >>> [s.worker for s in with_labels([span, replace(span, worker="laptop/42/MainThread")])]
        ['process 41', 'process 42']
    """
    parts = {span.worker: span.worker.split("/", 2) for span in spans if span.worker}
    differing = [len({*column}) > 1 for column in zip(*parts.values(), strict=False)]
    labels = {
        worker: ", ".join(
            title + part
            for title, part, differs in zip(_TITLES, own, differing, strict=False)
            if differs
        )
        for worker, own in parts.items()
    }
    return [replace(span, worker=labels.get(span.worker, "")) for span in spans]
