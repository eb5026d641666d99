"""Timings as metrics, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.journal.entries import Metric, SpanRecord
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.journal.usage import Usage
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.timeline import span_metrics
from mlflow_on_kedro.tracking import timing_metrics
from mlflow_on_kedro.tracking.timing_metrics import Names

BEGIN = 1_700_000_000.0

SPANS = [
    Span("load", "first", "raw", BEGIN, BEGIN + 0.25, 0),
    Span("run", "first", "first", BEGIN + 0.25, BEGIN + 1.5, 0),
    Span("save", "first", "a", BEGIN + 1.5, BEGIN + 1.625, 0),
    Span("load", "second", "raw", BEGIN + 1, BEGIN + 1.5, 1),
    Span("run", "second", "second (odd)", BEGIN + 1.5, BEGIN + 3, 1),
]
METRICS = {
    timing_metrics.metric_key(Names().metric(span.kind, span.name)): (
        span.kind,
        "second" if span.name == "second (odd)" else span.name,
    )
    for span in SPANS
}


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A current folder of the test's own: MLflow keeps artifacts there."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Iterator[OwnRun]:
    """A run that was told some timings."""
    config = parse({"tracking": {"uri": store_uri, "on_failure": "raise"}})
    opened = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    assert opened is not None
    for span in SPANS:
        span_metrics.log_span(opened, span, Names().metric(span.kind, span.name), is_series=True)
    opened.flush()
    yield opened
    opened.end("FINISHED")


def read(client: Any, run: OwnRun, **given: Any) -> list[Span]:
    """Read the timings of a run, in the order of their beginnings."""
    nodes = {0: "first", 1: "second"}
    words = {"nodes": nodes, "metrics": METRICS, "repeated": ["system/time/load/raw"], **given}
    found = span_metrics.read_spans(client, run.run_id, span_metrics.TimedItems(**words))
    return sorted(found, key=lambda span: (span.start, span.end))


def test_as_metrics(run: OwnRun, client: Any) -> None:
    """A duration in seconds is a metric whose time is the end and whose step is the node's."""
    (point,) = client.get_metric_history(run.run_id, "system/time/first")
    assert point.value == 1.25
    assert point.timestamp == round((BEGIN + 1.5) * 1000)
    assert point.step == 0
    loads = client.get_metric_history(run.run_id, "system/time/load/raw")
    assert {(point.step, point.value) for point in loads} == {(0, 0.25), (1, 0.5)}


def test_back(run: OwnRun, client: Any) -> None:
    """Begin, end, kind, node and dataset of everything come back from MLflow alone."""
    found = read(client, run)
    assert [(span.kind, span.node, span.step) for span in found] == [
        (span.kind, span.node, span.step) for span in sorted(SPANS, key=lambda s: (s.start, s.end))
    ]
    for span, first in zip(found, sorted(SPANS, key=lambda s: (s.start, s.end)), strict=True):
        assert span.start == pytest.approx(first.start, abs=0.002)
        assert span.end == pytest.approx(first.end, abs=0.002)
        assert not span.failed


def test_a_failed_node(run: OwnRun, client: Any) -> None:
    """The node that failed is marked, and its loads are not."""
    run.set_tag(timing_metrics.FAILED_NODE_TAG, "second")
    run.flush()
    failed = [(span.kind, span.node) for span in read(client, run) if span.failed]
    assert failed == [("run", "second")]


def test_what_was_not_asked_for(run: OwnRun, client: Any) -> None:
    """Other metrics, and nodes that were not asked for, are left out."""
    run.log_metric("score", 0.9)
    run.flush()
    found = read(client, run, nodes={1: "second"})
    assert {span.node for span in found} == {"second"}


def test_few_calls(run: OwnRun, client: Any) -> None:
    """One call reads a run's timings, and one more each dataset that several nodes load."""
    calls: list[str] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            calls.append(name)
            return getattr(client, name)

    read(Counting(), run)
    assert calls == ["get_run", "get_metric_history"]


def test_names() -> None:
    """The names group by kind, and a prefix of the user's replaces the nodes' one."""
    assert Names().metric("run", "a") == "system/time/a"
    assert Names().metric("load", "a") == "system/time/load/a"
    assert Names().metric("save", "a") == "system/time/save/a"
    assert Names(run="_time_to_run ").metric("run", "a") == "_time_to_run a"


def test_metric_key() -> None:
    """A name that MLflow does not take is looked for under the name that it was stored as."""
    assert timing_metrics.metric_key("system/time/f(a)") == "system/time/f_a_"


def test_a_clock_that_was_set_back() -> None:
    """A node that has ended before it began took no time, at once and at the end of the run."""
    record = SpanRecord("run", "a", "a", start=20.0, end=10.0, metric="system/time/a")
    assert span_metrics.metrics_of([record]) == [Metric("system/time/a", 0.0, 10_000)]


def test_what_a_node_used(run: OwnRun, client: Any) -> None:
    """What a node used on a machine without the journal is read from a tag."""
    run.set_tag("mlflow.kedro.usage.second", '{"process_cpu_percentage": {"mean": 5, "peak": 90}}')
    run.flush()
    found = {(span.kind, span.node): span.usages for span in read(client, run)}
    assert found.pop(("run", "second")) == (Usage("process_cpu_percentage", 5, 90),)
    assert {*found.values()} == {()}
