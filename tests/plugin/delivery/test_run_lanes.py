"""What the two lanes of a run do at its end with entries that were refused just now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow_on_kedro.delivery import batch_writer
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.lane_thread import LaneWork
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.delivery.run_lanes import RunLanes
from mlflow_on_kedro.journal.entries import End, Metric, Text
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.writer import Writer

Refuse = Callable[[str, int], None]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refuse]:
    """A function: which of MLflow's client's methods fails, and how often."""

    def refuse_(name: str, times: int) -> None:
        real, left = getattr(MlflowClient, name), [times]

        def method(self: Any, *words: Any, **named: Any) -> Any:
            if left[0]:
                left[0] -= 1
                raise PermissionError(13, "Permission denied", "/store")  # as a failing store
            return real(self, *words, **named)

        monkeypatch.setattr(MlflowClient, name, method)

    monkeypatch.setattr(batch_writer, "PAUSE_SECONDS", 0)
    return refuse_


@pytest.fixture
def lanes(journal: Journal, store_uri: str, tmp_path: Path) -> tuple[LaneWork, LaneWork]:
    """The lanes of values and of files of a run that is open, whose pipeline has ended."""
    header = replace(journal.header, trace=False)
    delivery = RunDelivery(header, Connection(store_uri), tmp_path, journal)
    delivery.open()
    run = RunLanes(delivery, lambda: False)
    run.begin_end(60)
    return run.works


def test_a_file_that_is_refused_twice(
    lanes: tuple[LaneWork, LaneWork], journal: Journal, refuse: Refuse, client: Any
) -> None:
    """A file that is refused until the server accepts the run's end is in MLflow then."""
    values, files = lanes
    Writer(journal).append(Text("a.txt", "a"))
    refuse("log_text", 2)
    refuse("log_artifact", 2)
    while files.send():
        pass
    assert not files.finish()
    assert len(journal.set_aside) == 1
    Writer(journal).append(End("FINISHED", 99))
    while values.send():
        pass
    assert values.finish()
    assert files.finish()
    assert not journal.exists()
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    assert "a.txt" in {item.path for item in client.list_artifacts(run.info.run_id)}


def test_a_value_after_the_files(
    lanes: tuple[LaneWork, LaneWork], journal: Journal, refuse: Refuse, client: Any
) -> None:
    """A value that was refused is sent again at the end, also when no file is left to send."""
    values, files = lanes
    Writer(journal).append(Metric("m", 1.0, 5))
    refuse("log_batch", 3)
    while values.send():
        pass
    assert len(journal.set_aside) == 1
    assert not files.finish()
    assert values.finish()
    assert files.finish()
    assert not journal.exists()
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    assert run.data.metrics["m"] == 1.0
