"""The timings of the current run: this process's, its workers' and other machines'."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from kedro.pipeline import node, pipeline
from mlflow_on_kedro.hooks.time import MLflowTimeLoggerHook
from mlflow_on_kedro.journal.entries import SpanRecord
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.journal.writer import Writer
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.timeline.current_run_spans import collect_spans
from mlflow_on_kedro.tracking.timing_metrics import Names
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

NODES = [node(lambda x: x, f"{name}_in", f"{name}_out", name=name) for name in "abc"]
PIPELINE = pipeline(NODES)
INFO = PipelineInfo(steps={"a": 0, "b": 1, "c": 2})


def spans_of(name: str, step: int, start: float) -> list[Span]:
    """A load and a run of a node."""
    return [
        Span("load", name, f"{name}_in", start, start + 1, step),
        Span("run", name, name, start + 1, start + 2, step),
    ]


def test_each_place(open_run: Callable[..., OwnRun], tmp_path: Any) -> None:
    """Loads and nodes are there, whether a worker sees the run's journal or not."""
    hook = MLflowTimeLoggerHook()
    run = open_run(INFO)
    run.wait_open()
    start = run.start_ms / 1000
    for span in spans_of("a", 0, start):
        hook.log_span(run, NODES[0], span)
    assert run.journal is not None
    worker = Writer(run.journal)  # of another process
    for span in spans_of("b", 1, start + 10):
        record = SpanRecord(span.kind, "b", span.name, span.start, span.end, step=1)
        worker.append(record)
    remote = pickle.loads(pickle.dumps(run))  # noqa: S301 - our own
    remote.journal = Journal(tmp_path / "not on this machine")
    for span in spans_of("c", 2, start + 20):
        hook.log_span(remote, NODES[2], span)
    remote.settle()
    run.flush()
    metrics = run.client.get_run(run.run_id).data.metrics
    assert set(metrics) == {"system/time/c", "system/time/load/c_in"}
    here, elsewhere = collect_spans(run, PIPELINE, Names(), lambda node: node.name)
    expected = [("load", "a"), ("run", "a"), ("load", "b"), ("run", "b")]
    assert [(span.kind, span.node) for span in here] == expected
    assert {(span.kind, span.node) for span in elsewhere} == {("load", "c"), ("run", "c")}
