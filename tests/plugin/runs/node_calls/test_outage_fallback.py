"""What a node logs to a server that stops answering: diverted, and only that."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes
from mlflow.store.tracking.rest_store import RestStore
from mlflow_on_kedro.mlflow_internals import store_registries
from mlflow_on_kedro.runs.node_calls import (
    journal_uri,
    outage_fallback,
    registry_fallback,
    server_call,
)
from mlflow_on_kedro.tracking import open_runs, own_calls


class Run(SimpleNamespace):
    """Like a run; threads have weak references to one, which a plain namespace does not allow."""


POINT = Metric("m", 1.0, 5, 0)


class Server:
    """A store of MLflow's that does what a test tells it to."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.seconds = 0.0

    def log_metric(self, run_id: str, metric: Any) -> str:
        """Answer, fail or hang."""
        del run_id, metric
        self.calls += 1
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return "answer"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The store that MLflow keeps for the run's server."""
    kept = Server()
    monkeypatch.setattr(store_registries, "tracking_store", lambda _: kept)
    monkeypatch.setattr(server_call, "_do_not_call_until", {})
    monkeypatch.setattr(registry_fallback, "install", lambda *_: None)
    return kept


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run to which the thread is attached; what is diverted is in ``told``."""
    told: list[Any] = []
    journal = SimpleNamespace(
        log_metric=lambda _, metric: told.append(metric), has=lambda run_id: run_id == "kept"
    )
    monkeypatch.setattr(journal_uri, "journal_store", lambda _: journal)
    return Run(
        uri="http://server",
        local_journal=True,
        is_reachable=True,
        opened=SimpleNamespace(run_id="abc", artifact_uri="file:///nowhere"),
        config=SimpleNamespace(tracking=SimpleNamespace(timeout=0.2), trace=False),
        told=told,
    )


@pytest.fixture(autouse=True)
def _attached(server: Server, run: Any) -> Any:
    del server
    outage_fallback.install(run)
    open_runs.here.nodes.append(open_runs.NodeAtWork(run, "node"))
    yield
    open_runs.here.nodes.pop()


def test_names_that_mlflow_may_move() -> None:
    """The calls that are diverted are those of MLflow's store for a server."""
    names = {**outage_fallback.CALLS, **outage_fallback.TRACE_CALLS}
    lacking = {name for name in names if not callable(getattr(RestStore, name, None))}
    assert lacking <= {"log_spans"}, "which MLflow has since 3.5"


def test_a_server_that_answers(server: Any, run: Any) -> None:
    """It is asked, and nothing else happens."""
    assert server.log_metric("abc", POINT) == "answer"
    assert run.told == []


@pytest.mark.parametrize(
    ("seconds", "error"), [(0.0, MlflowException("API request failed")), (2.0, None)]
)
def test_one_that_does_not(server: Any, run: Any, seconds: float, error: Any) -> None:
    """The value goes into the journal, and the server is left alone for a while."""
    server.seconds, server.error = seconds, error
    begin = time.monotonic()
    server.log_metric("abc", POINT)
    server.log_metric("abc", POINT)
    assert time.monotonic() - begin < 1.5
    assert run.told == [POINT, POINT]
    assert server.calls == 1


def test_one_that_is_known_not_to(server: Any, run: Any) -> None:
    """It is not asked at all."""
    run.is_reachable = False
    server.log_metric("abc", POINT)
    assert (server.calls, run.told) == (0, [POINT])


def test_one_that_refuses(server: Any, run: Any) -> None:
    """What is wrong with the value is the node's to know."""
    server.error = MlflowException("no such key", codes.INVALID_PARAMETER_VALUE)
    with pytest.raises(MlflowException, match="no such key"):
        server.log_metric("abc", POINT)
    assert run.told == []


def test_a_run_that_only_the_journal_knows(server: Any, run: Any) -> None:
    """The server is not asked for it."""
    server.log_metric("kept", POINT)
    assert (server.calls, run.told) == (0, [POINT])


def test_a_server_that_is_not_known_yet(
    server: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first answer is waited for longer than ``tracking.timeout``: it may be starting."""
    run.opened = None
    server.seconds = 0.5
    assert server.log_metric("another", POINT) == "answer"
    monkeypatch.setattr(server_call, "FIRST_ANSWER_SECONDS", 0.1)
    server.log_metric("another", POINT)
    assert run.told == [POINT]


def test_a_thread_of_a_node(server: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a thread logs that belongs to the run that is open goes into its journal, too."""
    server.error = ConnectionError("away")
    with monkeypatch.context() as patch:
        patch.setattr(open_runs, "_open", [lambda: run])
        thread = threading.Thread(target=server.log_metric, args=("abc", POINT))
        thread.start()
        thread.join()
    assert run.told == [POINT]


def test_who_else_calls(server: Any, run: Any) -> None:
    """A thread without a run and the plugin's own deliveries have MLflow's own answer."""
    server.error = ConnectionError("away")
    raised: list[Exception] = []

    def call() -> None:
        try:
            server.log_metric("abc", POINT)
        except ConnectionError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    with own_calls.bypassed():
        call()
    assert len(raised) == 2
    assert run.told == []
