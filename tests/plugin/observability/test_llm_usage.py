"""The tokens and cost of calls, summed for nodes."""

from __future__ import annotations

import json
from typing import Any

from mlflow_on_kedro.journal.entries import CallSpan
from mlflow_on_kedro.observability import llm_usage


def call(span: str, parent: str, tokens: int = 0, **usage: Any) -> CallSpan:
    """A span with as many input tokens."""
    if tokens:
        usage["tokens"] = {"input_tokens": tokens, "output_tokens": 1}
    return CallSpan("tr-1", span, parent, json.dumps(usage) if usage else "", "{}")


def test_sums() -> None:
    """A span counts once, for the node that it is below, unless one above it has the sum."""
    calls = [
        call("chain", "first", 30),
        call("step", "chain"),
        call("model", "step", 30),
        call("own", "first", 2),
        call("own", "first", 2),
        call("other", "second", 5),
        call("lost", "nowhere", 7),
    ]
    found = llm_usage.sums(calls, {"first": "ask", "second": "judge"})
    read = {node: sums["tokens"]["input_tokens"] for node, sums in found.items()}
    assert read == {"ask": 32, "judge": 5, "": 7}
    assert llm_usage.total(found.values())["tokens"]["input_tokens"] == 44


def test_metrics() -> None:
    """Metrics of nodes stand apart from the model's; what is not known is no metric."""
    found = llm_usage.sums([call("a", "first", 3)], {"first": "ask"})["ask"]
    of_node = llm_usage.metrics_of_node("ask", found, 5)
    assert {metric.key: metric.value for metric in of_node} == {
        "system/llm.tokens.input/ask": 3.0,
        "system/llm.tokens.output/ask": 1.0,
    }
    assert llm_usage.metrics_of_run({}, 5) == []
    again = llm_usage.from_metrics({metric.key: metric.value for metric in of_node})
    assert again["ask"]["tokens"] == {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}


def test_a_cost_that_is_given() -> None:
    """A cost that a library has noted itself counts as it is."""
    found = llm_usage.sums([call("a", "first", cost={"total_cost": 0.5})], {"first": "ask"})["ask"]
    (metric,) = llm_usage.metrics_of_run(found, 5)
    assert (metric.key, metric.value) == ("llm.cost", 0.5)


def test_as_they_end() -> None:
    """The sum so far has each call once, too, though spans below others end first."""
    running = llm_usage.RunningTotal()
    for each in (call("model", "step", 30), call("step", "chain"), call("chain", "first", 30)):
        running.add(each)
    running.add(call("own", "first", 2))
    assert running.sums["tokens"]["input_tokens"] == 32
