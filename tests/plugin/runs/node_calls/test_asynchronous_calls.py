"""What nodes log asynchronously to a store on disk: by the journal, and waited for as in MLflow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import Metric
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.mlflow_internals.async_logging import QUEUE_THREAD
from mlflow_on_kedro.runs.node_calls import fluent
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest


@pytest.fixture
def run(store_uri: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OwnRun]:
    """A run whose tracking URI is a store on disk; the parameter is `tracking.wait_at_end`."""
    wait = getattr(request, "param", 60)
    config = parse({"tracking": {"uri": store_uri, "wait_at_end": wait}})
    opened = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    yield opened
    opened.end("FINISHED")


def queues() -> int:
    """How many threads of MLflow's own queue there are."""
    return sum(thread.name == QUEUE_THREAD for thread in threading.enumerate())


def test_switched_on_in_a_node(run: OwnRun, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each point is in the run when it has ended, though MLflow's queue is not used."""
    before = queues()
    with fluent.attached(run):
        monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "true")
        for step in range(300):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"a": 1, "b": 2})
        assert queues() == before
        mlflow.set_tag("kind", "x")
    run_id = run.run_id
    run.end("FINISHED")
    steps = [point.step for point in client.get_metric_history(run_id, "loss")]
    assert sorted(steps) == list(range(300))
    data = client.get_run(run_id).data
    assert (data.metrics["b"], data.tags["kind"]) == (2, "x")
    assert queues() == before


def test_order(run: OwnRun, client: Any) -> None:
    """A tag that is set after an asynchronous call stays."""
    with fluent.attached(run):
        mlflow.set_tag("stage", "training", synchronous=False)
        mlflow.flush_async_logging()
        mlflow.set_tag("stage", "done")
    run.end("FINISHED")
    assert client.get_run(run.run_id).data.tags["stage"] == "done"


def test_what_is_no_number(run: OwnRun, client: Any) -> None:
    """It is refused as by MLflow's queue: the call returns, and waiting for it raises."""
    with fluent.attached(run):
        operation = mlflow.log_metric("loss", None, synchronous=False)  # type: ignore[arg-type]
        assert operation is not None
        with pytest.raises(mlflow.MlflowException):
            operation.wait()
        mlflow.log_metric("loss", 1, synchronous=False)
    run.end("FINISHED")
    assert client.get_run(run.run_id).data.metrics["loss"] == 1


@pytest.mark.parametrize("run", [60, 0], indirect=True)
@pytest.mark.parametrize("of_all", [False, True])
def test_waiting(run: OwnRun, client: Any, *, of_all: bool) -> None:
    """What a node has waited for is in MLflow, also where the end of a run waits for nothing."""
    with fluent.attached(run):
        operation = mlflow.log_metric("m", 1, synchronous=False)
        if of_all:
            mlflow.flush_async_logging()
        else:
            assert operation is not None
            operation.wait()
        assert client.get_run(run.run_id).data.metrics["m"] == 1


def test_metrics_of_a_model(run: OwnRun, client: Any) -> None:
    """They stay with their model."""
    with fluent.attached(run):
        model = mlflow.initialize_logged_model("m")
        mlflow.log_metric("of_model", 3, model_id=model.model_id, synchronous=False)
        mlflow.flush_async_logging()
        metrics = client.get_logged_model(model.model_id).metrics
    assert [(metric.key, metric.value) for metric in metrics or ()] == [("of_model", 3)]


def test_another_run(run: OwnRun, client: Any) -> None:
    """What is logged to a run that is not the pipeline's is in that one."""
    with fluent.attached(run):
        other = client.create_run("0").info.run_id
        client.log_batch(other, metrics=[Metric("m", 2, 1, 0)], synchronous=False).wait()
    assert client.get_run(other).data.metrics == {"m": 2}
    assert "m" not in client.get_run(run.run_id).data.metrics
