"""Tokens and cost of the language models that nodes call, summed for nodes, runs and traces.

MLflow's autologging notes them at the span of a call. As in MLflow, a span counts if none above it
has tokens: some libraries give the sum of several calls at a span above them.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..journal.entries import CallSpan, Metric
from ..mlflow_internals import llm_costs, tags
from ..utils.mlflow_limits import legal_key

TOKENS, COST = "tokens", "cost"
INPUT, OUTPUT, TOTAL_COST = "input_tokens", "output_tokens", "total_cost"
_METRICS = (
    ("llm.tokens.input", TOKENS, INPUT),
    ("llm.tokens.output", TOKENS, OUTPUT),
    ("llm.cost", COST, TOTAL_COST),
)
_OF_NODES = "system/"
"""Before the metrics of nodes, which MLflow then shows apart from the model's, as timings."""

Sums = dict[str, Counter[str]]
""":data:`TOKENS` and :data:`COST`, each as MLflow names its parts; without what is unknown."""


def usage_text(attributes: Mapping[str, Any]) -> str:
    """Return what is needed of a span to sum its tokens and cost, as JSON; "" if it has none.

    Args:
        attributes: The span's attributes, each as JSON.

    Example:
        >>> usage_text({"mlflow.chat.tokenUsage": '{"input_tokens": 5}', "top_p": "1"})
        '{"tokens": {"input_tokens": 5}}'
    """
    names = {
        TOKENS: tags.SPAN_TOKENS,
        COST: tags.SPAN_COST,
        "model": tags.SPAN_MODEL,
        "provider": tags.SPAN_PROVIDER,
    }
    found = {key: json.loads(attributes[name]) for key, name in names.items() if name in attributes}
    return json.dumps(found) if found.get(TOKENS) or found.get(COST) else ""


def sums(calls: Iterable[CallSpan], places: Mapping[str, str]) -> dict[str, Sums]:
    """Sum the tokens and cost of spans for each node.

    Args:
        calls: All spans that a run's nodes have made; one that is there twice counts once.
        places: The id of the span below which a node's are -> the node.

    Returns:
        Node -> sums.
    """
    parents: dict[str, str] = {}
    found: dict[str, dict[str, Any]] = {}
    for call in calls:
        parents[call.span] = call.parent
        if call.usage:
            found[call.span] = json.loads(call.usage)
    of_nodes: dict[str, Sums] = defaultdict(dict)
    for span, usage in found.items():
        above, is_counted_above = parents[span], False
        while above in parents:
            is_counted_above = is_counted_above or above in found
            above = parents[above]
        if not is_counted_above:
            add(of_nodes[places.get(above, "")], usage)
    return of_nodes


def add(to: Sums, usage: Mapping[str, Any]) -> None:
    """Add what :func:`usage_text` has noted of a span to sums."""
    for kind, parts in ((TOKENS, usage.get(TOKENS)), (COST, _cost(usage))):
        numbers = {key: x for key, x in (parts or {}).items() if isinstance(x, int | float)}
        if numbers:
            to.setdefault(kind, Counter()).update(numbers)


def total(of_nodes: Iterable[Sums]) -> Sums:
    """Return the sums of several nodes together."""
    together: Sums = {}
    for of_node in of_nodes:
        for kind, parts in of_node.items():
            together.setdefault(kind, Counter()).update(parts)
    return together


class RunningTotal:
    """The sums of spans as they end, those below others first; it keeps none of them.

    Attributes:
        sums: The sums so far.
    """

    def __init__(self) -> None:
        self.sums: Sums = {}
        self._counted_below: set[str] = set()

    def add(self, call: CallSpan) -> None:
        """Add a span, unless spans below it have counted already."""
        is_counted = call.span in self._counted_below
        self._counted_below.discard(call.span)
        if call.usage and not is_counted:
            add(self.sums, json.loads(call.usage))
        if call.usage or is_counted:
            self._counted_below.add(call.parent)


def metrics_of_node(node: str, of_node: Sums, time: int) -> list[Metric]:
    """Return the metrics of a node, such as ``system/llm.tokens.input/<node>``.

    Args:
        node: The node.
        of_node: Its sums.
        time: When, in milliseconds since the epoch.
    """
    return [
        Metric(legal_key(f"{_OF_NODES}{name}/{node}"), float(of_node[kind][part]), time)
        for name, kind, part in _METRICS
        if kind in of_node
    ]


def metrics_of_run(of_run: Sums, time: int) -> list[Metric]:
    """Return the metrics of a run, such as ``llm.tokens.input``.

    Args:
        of_run: The sums of all its nodes.
        time: When, in milliseconds since the epoch.
    """
    return [
        Metric(name, float(of_run[kind][part]), time)
        for name, kind, part in _METRICS
        if kind in of_run
    ]


def from_metrics(metrics: Mapping[str, float]) -> dict[str, Sums]:
    """Return the sums of nodes that a run has metrics of, by the nodes' names as in these.

    Example:
        >>> from_metrics({"system/llm.tokens.input/ask": 7.0})["ask"]["tokens"]["input_tokens"]
        7
    """
    of_nodes: dict[str, Sums] = defaultdict(dict)
    for name, kind, part in _METRICS:
        begin = f"{_OF_NODES}{name}/"
        for metric, value in metrics.items():
            if metric.startswith(begin):
                parts = of_nodes[metric.removeprefix(begin)].setdefault(kind, Counter())
                parts[part] = int(value) if kind == TOKENS else value  # type: ignore[assignment]
                if kind == TOKENS:
                    parts["total_tokens"] += int(value)
    return of_nodes


def _cost(usage: Mapping[str, Any]) -> Mapping[str, Any] | None:
    known: Mapping[str, Any] | None = usage.get(COST)
    if known:
        return known
    return llm_costs.cost_of(usage.get("model"), usage.get("provider"), usage.get(TOKENS))
