"""A run as one MLflow trace: its spans, its errors, once, and whatever happened to the server."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import mlflow
import mlflow_on_kedro
import pytest
from kedro.io import DatasetError
from kedro.runner import SequentialRunner
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracing.client import TracingClient
from mlflow_on_kedro.delivery.backlog import find
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)

NODES = """
import time

from kedro.pipeline import node, pipeline

def make(n):
    time.sleep(0.1)
    return n

def use(made):
    if made < 0:
        raise ValueError("negative: http://me:pw@host/x")
    return made

def create_pipeline():
    return pipeline([
        node(make, "params:n", "made", name="make"), node(use, "made", "used", name="use")
    ])
"""
READING = """
from kedro.pipeline import node, pipeline

def read(used):
    return len(used)

def create_pipeline():
    return pipeline([node(read, "used", "count", name="read")])
"""
WRITING = """
from kedro.pipeline import node, pipeline

def write():
    return {1, 2}

def create_pipeline():
    return pipeline([node(write, None, "saved", name="write")])
"""
DYING = """
import os
import time

from kedro.pipeline import node, pipeline

def die():
    time.sleep(0.5)
    os._exit(9)

def create_pipeline():
    return pipeline([node(die, None, "dead", name="die")])
"""
YIELDING = """
from kedro.pipeline import node, pipeline

def make():
    yield from range(3)

def create_pipeline():
    return pipeline([node(make, None, "chunk", name="make")])
"""
CATALOG = {"made": {"type": "pickle.PickleDataset", "filepath": "made.pkl"}}

MakeProject = Callable[..., Any]


def make(make_project: MakeProject, n: int = 1, **keys: Any) -> Any:
    """A project whose runs become traces."""
    return make_project(
        NODES,
        catalog=CATALOG,
        parameters={"n": n},
        mlflow={"trace": True, "time": {"gantt": False}, **keys},
    )


def traces(project: Any) -> list[Any]:
    """All traces of the project's experiment."""
    experiment = project.client.get_experiment_by_name(project.package)
    return list(project.client.search_traces([experiment.experiment_id]))


def shape(trace: Any) -> set[tuple[str, str | None]]:
    """The name of each span and that of its parent."""
    names = {span.span_id: span.name for span in trace.data.spans}
    return {(span.name, names.get(span.parent_id)) for span in trace.data.spans}


WHOLE = {
    ("kedro run", None),
    ("make", "kedro run"),
    ("make", "make"),
    ("save made", "make"),
    ("use", "kedro run"),
    ("load made", "use"),
    ("use", "use"),
    ("save used", "use"),
}


class TestRuns:
    """What a run's trace holds."""

    def test_spans(self, make_project: MakeProject) -> None:
        """There is a span for each node, below it loads, run and saves; it is the run's trace."""
        project = make(make_project)
        project.session_run()
        (trace,) = traces(project)
        assert shape(trace) == WHOLE
        run = project.run
        assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
        assert trace.info.state.value == "OK"
        assert trace.info.request_time == run.info.start_time
        took = run.data.metrics["system/time/pipeline"]
        assert trace.info.execution_duration / 1000 == pytest.approx(took, abs=0.5)
        (root,) = (span for span in trace.data.spans if span.parent_id is None)
        last = max(span.end_time_ns for span in trace.data.spans if span is not root)
        assert last <= root.end_time_ns <= last + 500_000_000

    def test_times(self, make_project: MakeProject) -> None:
        """A span lasts as long as the metric of the same thing says."""
        project = make(make_project)
        project.session_run()
        (trace,) = traces(project)
        (ran,) = [
            span for span in trace.data.spans if span.name == "make" and span.span_type == "TASK"
        ]
        took = (ran.end_time_ns - ran.start_time_ns) / 1e9
        assert took == pytest.approx(project.run.data.metrics["system/time/make"], abs=1e-5)

    @pytest.mark.parametrize("options", [["--runner=ThreadRunner"], ["--async"]])
    def test_threads(self, make_project: MakeProject, options: list[str]) -> None:
        """Threads give spans of the same one trace, and the process that delivers sends it."""
        project = make(make_project)
        done = project.kedro("run", *options)
        assert done.returncode == 0, done.stderr + done.stdout
        (trace,) = traces(project)
        assert shape(trace) == WHOLE

    @pytest.mark.parametrize("method", [pytest.param("fork", marks=pytest.mark.slow), "spawn"])
    @pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
    def test_processes(self, make_project: MakeProject, method: str) -> None:
        """Worker processes give spans of the same one trace."""
        project = make(make_project)
        done = project.kedro("run", "--runner=ParallelRunner", env={"KEDRO_MP_CONTEXT": method})
        assert done.returncode == 0, done.stderr + done.stdout
        (trace,) = traces(project)
        assert shape(trace) == WHOLE

    def test_errors(self, make_project: MakeProject) -> None:
        """The node's span and the trace say what failed, without credentials."""
        project = make(make_project, n=-1)
        with pytest.raises(ValueError, match="negative"):
            project.session_run()
        (trace,) = traces(project)
        assert trace.info.state.value == "ERROR"
        failed = {span.name for span in trace.data.spans if span.status.status_code == "ERROR"}
        assert failed == {"kedro run", "use"}
        (event, *_) = next(span for span in trace.data.spans if span.name == "use").events
        assert event.attributes["exception.message"] == "negative: http://***@host/x"
        assert "me:pw" not in str(trace.to_dict())

    @pytest.mark.parametrize("options", [{}, {"is_async": True}])
    def test_a_load_that_fails(self, make_project: MakeProject, options: dict[str, Any]) -> None:
        """Kedro tells no hook of it; its span and its node's have the error all the same."""
        catalog = {"used": {"type": "json.JSONDataset", "filepath": "used.json"}}
        project = make_project(
            READING, catalog=catalog, mlflow={"trace": True, "time": {"gantt": False}}
        )
        project.write("used.json", "{no json")
        with pytest.raises(DatasetError):
            project.session_run(runner=SequentialRunner(**options))
        (trace,) = traces(project)
        assert shape(trace) == {
            ("kedro run", None),
            ("read", "kedro run"),
            ("load used", "read"),
        }
        assert {span.status.status_code for span in trace.data.spans} == {"ERROR"}
        (event,) = next(span for span in trace.data.spans if span.name == "load used").events
        assert event.attributes["exception.type"] == "DatasetError"
        assert "JSONDecodeError" in event.attributes["exception.stacktrace"]
        project.write("used.json", "{}")
        project.session_run()
        assert {trace.info.state.value for trace in traces(project)} == {"OK", "ERROR"}

    def test_a_load_that_fails_in_a_worker(self, make_project: MakeProject) -> None:
        """Nothing tells which node it was: the trace has the error as a whole."""
        catalog = {"used": {"type": "json.JSONDataset", "filepath": "used.json"}}
        project = make_project(READING, catalog=catalog, mlflow={"trace": True})
        project.write("used.json", "{no json")
        assert project.kedro("run", "--runner=ParallelRunner").returncode != 0
        (trace,) = traces(project)
        assert shape(trace) == {("kedro run", None)}
        assert trace.data.spans[0].events[0].attributes["exception.type"] == "DatasetError"

    def test_a_save_that_fails(self, make_project: MakeProject) -> None:
        """Its span and its node's have the error; the node's function has none."""
        catalog = {"saved": {"type": "json.JSONDataset", "filepath": "saved.json"}}
        project = make_project(WRITING, catalog=catalog, mlflow={"trace": True})
        with pytest.raises(DatasetError):
            project.session_run()
        (trace,) = traces(project)
        states = {(span.name, span.span_type): span.status.status_code for span in trace.data.spans}
        assert states == {
            ("kedro run", "WORKFLOW"): "ERROR",
            ("write", "CHAIN"): "ERROR",
            ("write", "TASK"): "OK",
            ("save saved", "TOOL"): "ERROR",
        }

    def test_killed(self, make_project: MakeProject) -> None:
        """What a killed process was at is there until the run's end, and says so."""
        project = make_project(DYING, mlflow={"trace": True})
        assert project.kedro("run").returncode != 0
        project.kedro("mlflow", "sync")
        end = time.monotonic() + 60
        # The process that delivers has outlived the pipeline's, and may be sending the trace.
        while {trace.info.state.value for trace in traces(project)} <= {"IN_PROGRESS"}:
            assert time.monotonic() < end
            time.sleep(0.2)
        (trace,) = traces(project)
        assert shape(trace) == {("kedro run", None), ("die", "kedro run"), ("die", "die")}
        errors = {span.name: span.status.description for span in trace.data.spans}
        assert errors["kedro run"] == "KILLED"
        assert errors["die"] == "KILLED: it had not ended when the pipeline did"

    def test_what_a_span_is_of(self, make_project: MakeProject) -> None:
        """A node's span names what it has loaded and saved; those say which dataset they are of."""
        project = make(make_project)
        project.session_run()
        (trace,) = traces(project)
        spans = {(span.name, span.span_type): span for span in trace.data.spans}
        node = spans["use", "CHAIN"]
        assert node.inputs == {"datasets": ["made"]}
        assert node.outputs == {"datasets": ["used"]}
        load = spans["load made", "TOOL"]
        assert load.get_attribute("kedro.dataset") == "made"
        assert load.get_attribute("kedro.node") == "use"

    def test_a_generator_node(self, make_project: MakeProject) -> None:
        """Each save of a node that yields is a span of its own."""
        project = make_project(YIELDING, mlflow={"trace": True})
        project.session_run()
        (trace,) = traces(project)
        names = [span.name for span in trace.data.spans]
        assert names.count("save chunk") == 3

    def test_off_by_default(
        self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without the key there is no trace, and the module for it is not imported."""
        monkeypatch.delattr(mlflow_on_kedro.observability, "traces", raising=False)
        monkeypatch.delitem(sys.modules, "mlflow_on_kedro.observability.traces", raising=False)
        project = make_project(NODES, catalog=CATALOG, parameters={"n": 1})
        project.session_run()
        assert traces(project) == []
        assert "mlflow_on_kedro.observability.traces" not in sys.modules


class TestCheck:
    """What is found before the run is opened."""

    def test_an_older_mlflow(
        self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An MLflow with which traces are not tested is named, and what to do."""
        project = make(make_project)
        monkeypatch.setattr("mlflow_on_kedro.observability.traces.LEAST_MLFLOW", (99, 0))
        with pytest.raises(ConfigError, match=r"needs MLflow 99\.0 or later, and \d"):
            project.session_run()
        assert project.runs() == []

    def test_without_timings(self, make_project: MakeProject) -> None:
        """Nothing timed is nothing to make a trace of."""
        with pytest.raises(ConfigError, match="needs the timings"):
            make(make_project, time={"enabled": False}).session_run()


class TestDelivery:
    """It goes through the journal."""

    def test_offline(self, make_project: MakeProject) -> None:
        """A run that was offline has its trace when it is delivered later."""
        project = make(make_project, tracking={"mode": "offline"})
        project.session_run()
        (journal,) = find(project.root)
        deliver(journal, Connection(project.uri), project.root)
        (trace,) = traces(project)
        assert shape(trace) == WHOLE

    def test_once(self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
        """A trace that is delivered again, because the first try failed half-way, is there once."""
        project = make(make_project, tracking={"mode": "offline"})
        project.session_run()
        (journal,) = find(project.root)
        start = TracingClient.start_trace

        def cut_off(client: Any, *words: Any) -> None:
            start(client, *words)
            raise ConnectionError

        with monkeypatch.context() as patch:
            patch.setattr(TracingClient, "start_trace", cut_off)
            with pytest.raises(ConnectionError):
                deliver(journal, Connection(project.uri), project.root)
        assert len(traces(project)) == 1
        assert project.run.info.status == "FINISHED"
        deliver(journal, Connection(project.uri), project.root)
        (trace,) = traces(project)
        assert len(trace.data.spans) == len(WHOLE)

    def test_an_older_server(
        self, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A store that takes no spans has them as a file, which goes to the run's own server."""
        servers = []
        upload = TracingClient._upload_trace_data

        def watched(client: Any, *words: Any) -> None:
            servers.append(mlflow.get_tracking_uri())
            upload(client, *words)

        project = make(make_project, tracking={"mode": "offline"})
        project.session_run()
        (journal,) = find(project.root)
        monkeypatch.setattr(SqlAlchemyStore, "log_spans", _refused)
        monkeypatch.setattr(TracingClient, "_upload_trace_data", watched)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://other.invalid")
        deliver(journal, Connection(project.uri), project.root)
        assert servers == [project.uri]
        (trace,) = traces(project)
        assert shape(trace) == WHOLE


def _refused(*_: Any, **__: Any) -> None:
    raise NotImplementedError


def test_names_that_mlflow_may_move() -> None:
    """The names of MLflow that a trace is delivered by are where they were."""
    assert hasattr(TracingClient, "start_trace")
    assert hasattr(TracingClient, "_upload_trace_data")
