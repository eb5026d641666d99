"""Traces that nodes make with MLflow: kept in the journal offline, and sent once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.delivery.backlog import deliver, find
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.journal import node_files
from mlflow_on_kedro.journal.entries import Trace
from mlflow_on_kedro.journal.entry_lines import from_line, to_line
from mlflow_on_kedro.mlflow_internals.tags import TRACE_RUN
from mlflow_on_kedro.observability import saved_traces
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from mlflow_on_kedro.runs.node_calls import fluent
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest
from packaging.version import Version

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)


@mlflow.trace(span_type="LLM")
def ask(question: str) -> str:
    """Answer as a model does."""
    return think(question)


@mlflow.trace
def think(question: str) -> str:
    """A span below another."""
    if not question:
        raise ValueError("nothing to think about")
    return question.upper()


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Iterator[OwnRun]:
    """A run that is offline."""
    config = parse({"tracking": {"uri": store_uri, "mode": "offline"}})
    opened = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    yield opened
    opened.end("FINISHED")


def traces_of(client: Any, experiment_id: str) -> list[Any]:
    """All traces of an experiment, with their spans."""
    found = client.search_traces(locations=[experiment_id], include_spans=True)
    return sorted(found, key=lambda trace: trace.info.request_time)


def test_the_entry() -> None:
    """It is a line of the journal like any other."""
    entry = Trace("1-2-3/tr-5")
    assert from_line(to_line(entry)) == entry


def test_delivered(run: OwnRun, store_uri: str, tmp_path: Path, client: Any) -> None:
    """Each trace is there with all its spans, its state, and the run that it is of."""
    with fluent.attached(run):
        ask("why")
        with pytest.raises(ValueError, match="nothing"):
            ask("")
    run.end("FINISHED")
    (journal,) = find(tmp_path)
    opened = deliver(journal, Connection(store_uri), tmp_path).opened
    assert opened is not None
    good, bad = traces_of(client, opened.experiment_id)
    assert [span.name for span in good.data.spans] == ["ask", "think"]
    assert good.data.spans[0].span_type == "LLM"
    assert good.data.spans[1].parent_id == good.data.spans[0].span_id
    assert json.loads(good.info.response_preview or "") == "WHY"
    assert [trace.info.state.value for trace in (good, bad)] == ["OK", "ERROR"]
    for trace in (good, bad):
        assert trace.info.trace_metadata[TRACE_RUN] == opened.run_id


def test_of_a_child_run(run: OwnRun, store_uri: str, tmp_path: Path, client: Any) -> None:
    """A trace that is made in a run of the node's own is of that run."""
    with fluent.attached(run), mlflow.start_run(nested=True):
        ask("why")
    run.end("FINISHED")
    (journal,) = find(tmp_path)
    opened = deliver(journal, Connection(store_uri), tmp_path).opened
    assert opened is not None
    (trace,) = traces_of(client, opened.experiment_id)
    source = client.get_run(trace.info.trace_metadata[TRACE_RUN])
    assert source.data.tags["mlflow.parentRunId"] == opened.run_id


def test_sent_twice(run: OwnRun, store_uri: str, client: Any) -> None:
    """What is sent twice is there once."""
    fluent.attach(run)
    ask("why")
    mlflow.flush_trace_async_logging()
    fluent.detach(run)
    assert run.journal is not None
    (place,) = run.journal.folder.glob("files/*/*/trace.json")
    entry = Trace(str(place.parent))
    experiment = client.create_experiment("sent")
    begun = client.create_run(experiment)
    for _ in range(2):
        saved_traces.send(client, store_uri, begun.info.run_id, entry)
    (trace,) = traces_of(client, experiment)
    assert len(trace.data.spans) == 2
    assert trace.info.trace_metadata[TRACE_RUN] == begun.info.run_id


def test_damaged(tmp_path: Path, store_uri: str, client: Any) -> None:
    """One whose files are damaged or gone says so."""
    begun = client.create_run("0")
    with pytest.raises(OSError, match="No such file"):
        saved_traces.send(client, store_uri, begun.info.run_id, Trace(str(tmp_path / "none")))
    (tmp_path / node_files.TRACE_INFO).write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="Expecting"):
        saved_traces.send(client, store_uri, begun.info.run_id, Trace(str(tmp_path)))
