"""The trace of a pipeline that runs is in MLflow as far as it is known."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.delivery import run_trace
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.journal.entries import CallSpan, End, SpanRecord
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.journal.writer import Writer
from mlflow_on_kedro.mlflow_internals import trace_client
from mlflow_on_kedro.observability import call_spans, trace_spans
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)

BEGUN = SpanRecord("run", "ask", "ask", 1.0, 0.0)
ENDED = replace(BEGUN, end=3.0)
PIPELINE = SpanRecord("pipeline", "", "", 1.0, 4.0)


def call_below(header: Header, node: str) -> CallSpan:
    """The entry of a call of a node, as MLflow's tracer would make it."""
    import base64

    from mlflow.entities import Span

    (trace,) = trace_spans.make_traces(header, [replace(ENDED, node=node)], None)
    content = trace.spans[2].to_dict()
    content["name"] = "call"
    content["parent_span_id"] = content["span_id"]
    content["span_id"] = base64.b64encode(b"12345678").decode()
    content["attributes"]["mlflow.chat.tokenUsage"] = json.dumps({"input_tokens": 7})
    return call_spans.to_entry(Span.from_dict(content))


@pytest.fixture
def delivery(
    journal: Journal, store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[RunDelivery, Writer]:
    """The delivery of a run that is in progress, and what writes its journal."""
    monkeypatch.setattr(run_trace, "SECONDS_BETWEEN", 0.0)
    header = replace(journal.header, trace=True)
    root = journal.folder.parents[2]
    return RunDelivery(header, Connection(store_uri), root, journal), Writer(journal)


def names(trace: Any) -> set[tuple[str, str | None]]:
    """The name of each span, with that of its parent."""
    by_id = {span.span_id: span.name for span in trace.data.spans}
    return {(span.name, by_id.get(span.parent_id)) for span in trace.data.spans}


def test_while_the_pipeline_runs(delivery: tuple[RunDelivery, Writer], client: Any) -> None:
    """What has begun and what has been called is there before the end; then all has an end."""
    running, writer = delivery
    for entry in (BEGUN, call_below(running.header, "ask")):
        writer.append(entry)
    running.send_values()
    running.send_values()
    assert running.opened is not None

    def found() -> Any:
        (trace,) = client.search_traces([running.opened.experiment_id])  # type: ignore[union-attr]
        return trace

    begun = found()
    assert begun.info.state.value == "IN_PROGRESS"
    assert begun.info.trace_metadata["mlflow.sourceRun"] == running.opened.run_id
    assert names(begun) == {
        ("kedro run", None),
        ("ask", "kedro run"),
        ("ask", "ask"),
        ("call", "ask"),
    }
    assert begun.info.token_usage["input_tokens"] == 7
    assert all(span.end_time_ns >= span.start_time_ns for span in begun.data.spans)
    for entry in (ENDED, PIPELINE, End("FINISHED", 4000)):
        writer.append(entry)
    while running.send_values():
        pass
    running.end()
    ended = found()
    assert ended.info.state.value == "OK"
    assert names(ended) == names(begun)
    assert ended.info.token_usage["input_tokens"] == 7
    assert {span.name: span.end_time_ns for span in ended.data.spans}["kedro run"] == 4_000_000_000
    metrics = client.get_run(running.opened.run_id).data.metrics
    assert metrics["llm.tokens.input"] == metrics["system/llm.tokens.input/ask"] == 7


def test_a_store_of_whole_traces(
    delivery: tuple[RunDelivery, Writer], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that keeps spans as files gets the whole trace, with all calls, at the end."""
    running, writer = delivery
    uploaded: list[Any] = []

    def upload(_: Any, info: Any, data: Any) -> None:
        uploaded.append((info, data))

    def refuse(*_: Any, **__: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr("mlflow.tracing.client.TracingClient.log_spans", refuse)
    monkeypatch.setattr("mlflow.tracing.client.TracingClient._upload_trace_data", upload)
    monkeypatch.setattr(trace_client, "_SPANS_LOCATION_TAG", "no such tag")
    for entry in (ENDED, call_below(running.header, "ask"), PIPELINE, End("FINISHED", 4000)):
        writer.append(entry)
    while running.send_values():
        pass
    running.end()
    ((_, data),) = uploaded
    assert [span.name for span in data.spans] == ["kedro run", "ask", "ask", "call"]
    assert running.opened is not None
    assert client.get_run(running.opened.run_id).info.status == "FINISHED"
