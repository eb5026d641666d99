"""The ids of a run's traces and of their spans, derived from the id of the run's journal.

So each process of a run knows them without asking, and a trace that is sent twice is in MLflow
once.
"""

from __future__ import annotations

import hashlib
import json

Place = tuple[str, ...]
"""Where a span is in the trace: () for the pipeline's, ``(node,)`` for a node's."""


def trace_id(journal: str, node: str = "") -> str:
    """Return the id of a run's trace.

    Args:
        journal: The id of the run's journal.
        node: The node whose trace it is (``trace_per: node``); "" for the run's one trace.
    """
    return f"tr-{_hex(journal, f'trace {node}' if node else 'trace', 32)}"


def span_id(journal: str, place: Place) -> str:
    """Return the id of a span, 16 hexadecimal digits.

    Args:
        journal: The id of the run's journal.
        place: Where the span is.
    """
    return _hex(journal, json.dumps(place), 16)


def function_place(node: str, number: int = 1) -> Place:
    """Return the place of the span of a node's function.

    Args:
        node: The node's name.
        number: Counts how often the node was run: a cluster runs it again if a worker has died.
    """
    return (node, "run") if number == 1 else (node, "run", str(number))


def _hex(journal: str, what: str, length: int) -> str:
    return hashlib.sha256(f"{journal} {what}".encode()).hexdigest()[:length]
