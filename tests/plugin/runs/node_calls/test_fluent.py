"""MLflow's active run: attached per thread, without a call to the server, and left clean."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.mlflow_internals import mlflow_globals, run_stack
from mlflow_on_kedro.runs.node_calls import fluent
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest


@pytest.fixture
def make_run(store_uri: str, tmp_path: Path) -> Iterator[Callable[..., OwnRun]]:
    """A function that opens a run; its keywords are sections of mlflow.yml."""
    made: list[OwnRun] = []
    mlflow.set_tracking_uri(store_uri)

    def make(**sections: Any) -> OwnRun:
        config = parse({"tracking": {"uri": store_uri, "on_failure": "raise"}, **sections})
        made.append(OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo")))
        return made[-1]

    yield make
    for each in made:
        each.end("FINISHED")


@pytest.fixture
def run(make_run: Callable[..., OwnRun]) -> OwnRun:
    """A run that is open."""
    return make_run()


@pytest.fixture(autouse=True)
def _no_other_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No run that another test has left open, and no artifacts in the current folder."""
    monkeypatch.setattr(mlflow_globals, "_saved", mlflow_globals._Saved())
    monkeypatch.chdir(tmp_path)


class TestAttach:
    """A node's own calls of MLflow land in the run."""

    def test_calls_of_a_node(self, run: OwnRun, client: Any) -> None:
        """Params, metrics, tags and texts that node code logs are the run's."""
        with fluent.attached(run):
            active = mlflow.active_run()
            assert active is not None
            assert active.info.run_id == run.run_id
            assert active.info.artifact_uri == client.get_run(run.run_id).info.artifact_uri
            mlflow.log_param("a", 1)
            mlflow.log_metric("m", 2.0, step=1)
            mlflow.set_tag("t", "v")
            mlflow.log_text("text", "note.txt")
        found = client.get_run(run.run_id)
        assert (found.data.params, found.data.metrics) == ({"a": "1"}, {"m": 2.0})
        assert found.data.tags["t"] == "v"
        assert [item.path for item in client.list_artifacts(run.run_id)] == ["note.txt"]
        assert found.info.status == "RUNNING"
        assert len(client.search_runs([run.opened.experiment_id])) == 1

    def test_no_call_to_the_server(self, run: OwnRun, monkeypatch: pytest.MonkeyPatch) -> None:
        """Attaching and detaching call no store."""
        from mlflow.store.tracking.abstract_store import AbstractStore
        from mlflow.store.tracking.rest_store import RestStore
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        calls: list[str] = []

        def counted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **options: Any) -> Any:
                calls.append(name)
                return method(*args, **options)

            return call

        for store in (AbstractStore, RestStore, SqlAlchemyStore):
            for name, method in inspect.getmembers(store, inspect.isfunction):
                if not name.startswith("_"):
                    monkeypatch.setattr(store, name, counted(name, method))
        for _ in range(3):
            with fluent.attached(run):
                pass
        assert calls == []
        mlflow.MlflowClient(run.uri).get_run(run.run_id)
        assert "get_run" in calls, "calls are counted"

    def test_messages_on_the_store(self, run: OwnRun) -> None:
        """A store that MLflow opens in a node, as for its traces, logs nothing of its pool."""
        logger = logging.getLogger("mlflow.store.db.utils")
        logger.setLevel(logging.NOTSET)  # as in a process where only nodes use MLflow
        with fluent.attached(run):
            assert not logger.isEnabledFor(logging.INFO)

    def test_threads(self, run: OwnRun, client: Any) -> None:
        """Each thread has the run on its own stack, and only while it is attached."""
        together = Barrier(4, timeout=30)

        def node(number: int) -> tuple[Any, Any]:
            with fluent.attached(run):
                together.wait()
                mlflow.log_metric(f"m{number}", number)
                inside = run_stack.active_run_id()
            return inside, run_stack.active_run_id()

        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(node, range(4))) == {(run.run_id, None)}
        assert run_stack.active_run_id() is None
        assert len(client.get_run(run.run_id).data.metrics) == 4

    def test_pipelines_at_once(self, make_run: Callable[..., OwnRun], client: Any) -> None:
        """What the thread of a pipeline logs outside of nodes, as hooks do, is that pipeline's.

        A run that it starts is in that pipeline's experiment.
        """
        together = Barrier(2, timeout=60)

        def pipeline(number: int) -> tuple[str, str]:
            run = make_run(experiment={"name": f"experiment {number}"})
            together.wait()
            mlflow.log_metric("mine", number)
            together.wait()
            with mlflow.start_run(nested=True) as child:
                together.wait()
            run.end("FINISHED")
            return run.run_id, child.info.experiment_id

        with ThreadPoolExecutor(2) as pool:
            found = [(client.get_run(mine), place) for mine, place in pool.map(pipeline, range(2))]
        assert [run.data.metrics for run, _ in found] == [{"mine": 0}, {"mine": 1}]
        assert [run.info.experiment_id for run, _ in found] == [place for _, place in found]

    def test_an_error(self, run: OwnRun) -> None:
        """The stack is clean also after an error."""
        with pytest.raises(RuntimeError), fluent.attached(run):
            raise RuntimeError
        assert run_stack.stack() == []


class TestDetach:
    """Whatever a node does with MLflow, its thread is left as it was."""

    @pytest.mark.parametrize(
        "node",
        [
            lambda: mlflow.start_run(nested=True),
            lambda: [mlflow.start_run(nested=True) for _ in range(3)],
            mlflow.end_run,
            lambda: (mlflow.end_run(), mlflow.start_run()),
            lambda: None,
        ],
        ids=["open child", "open children", "ends it", "ends it, opens another", "nothing"],
    )
    def test_what_a_node_leaves(self, run: OwnRun, node: Callable[[], Any]) -> None:
        """Runs that a node left open, or ended, leave nothing of this run on the stack."""
        fluent.attach(run)
        node()
        fluent.detach(run)
        left = [active.info.run_id for active in run_stack.stack()]
        assert run.run_id not in left
        run_stack.stack().clear()

    def test_children(self, run: OwnRun, client: Any) -> None:
        """A child run of a node has the run as its parent."""
        with fluent.attached(run), mlflow.start_run(nested=True) as child:
            mlflow.log_metric("m", 1)
        tags = client.get_run(child.info.run_id).data.tags
        assert tags["mlflow.parentRunId"] == run.run_id
        assert run_stack.stack() == []

    def test_what_was_active_before(self, make_run: Callable[..., OwnRun]) -> None:
        """A run that the user has active when the pipeline begins stays active."""
        with mlflow.start_run() as mine:
            run = make_run(run={"nested": True})
            assert run_stack.active_run_id() == run.run_id
            with fluent.attached(run):
                assert run_stack.active_run_id() == run.run_id
            run.end("FINISHED")
            assert run_stack.active_run_id() == mine.info.run_id

    def test_the_users_own_run(self, make_run: Callable[..., OwnRun], client: Any) -> None:
        """When the active run is the pipeline's, it is the user who ends it."""
        with mlflow.start_run() as mine:
            run = make_run()
            with fluent.attached(run):
                mlflow.log_metric("m", 1)
            run.end("FAILED")
            assert run_stack.active_run_id() == run.run_id == mine.info.run_id
            assert client.get_run(run.run_id).info.status == "RUNNING"
        assert client.get_run(run.run_id).info.status == "FINISHED"
        assert client.get_run(run.run_id).data.metrics["m"] == 1

    def test_twice(self, run: OwnRun) -> None:
        """Detaching what is not attached changes nothing."""
        fluent.detach(run)
        assert run_stack.stack() == []


def test_ended_by_hand(make_run: Callable[..., OwnRun]) -> None:
    """Who has ended the active run has none; the next node and the next pipeline have theirs."""
    first = make_run()
    mlflow.log_metric("m", 1)
    mlflow.end_run()
    assert mlflow.active_run() is None
    with fluent.attached(first):
        mlflow.end_run()
        assert mlflow.active_run() is None
    assert mlflow.active_run() is not None
    mlflow.end_run()
    first.end("FINISHED")
    second = make_run()
    active = mlflow.active_run()
    assert active is not None
    assert active.info.run_id == second.opened.run_id
