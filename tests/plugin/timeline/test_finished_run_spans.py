"""The timings of a run, from the timelines among its artifacts and from its metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.journal.entries import SpanRecord
from mlflow_on_kedro.timeline import finished_run_spans, timeline_file
from mlflow_on_kedro.timeline.finished_run_spans import spans_of_finished_run

BEGIN = 1_790_000_000.0


class Run:
    """A run in MLflow with timelines and metrics."""

    def __init__(self, client: Any, place: Path) -> None:
        self.client = client
        experiment = client.create_experiment("demo", place.as_uri())
        self.run_id = client.create_run(experiment).info.run_id

    def log(self, path: str, *spans: tuple[str, str, str, float, float]) -> None:
        """Log a timeline: kind, node and name of each span, begin and end."""
        records = [
            SpanRecord(kind, node, name, BEGIN + begin, BEGIN + end, worker="laptop/7/MainThread")
            for kind, node, name, begin, end in spans
        ]
        text = timeline_file.to_text(records)
        assert text is not None
        self.client.log_text(self.run_id, text, path)

    def log_metric(self, name: str, begin: float, end: float, step: int = 0) -> None:
        """Log a metric of a duration."""
        end_ms = round((BEGIN + end) * 1000)
        self.client.log_metric(self.run_id, name, end - begin, timestamp=end_ms, step=step)

    def spans(self, client: Any = None) -> set[tuple[str, str, str, float, float]]:
        """What is read of it."""
        found = spans_of_finished_run(client or self.client, self.client.get_run(self.run_id))
        return {(s.kind, s.node, s.name, s.start - BEGIN, s.end - BEGIN) for s in found}


@pytest.fixture
def run(client: Any, tmp_path: Path) -> Run:
    """A run without timings."""
    return Run(client, tmp_path / "artifacts")


FIRST = (("load", "a", "x", 0, 1), ("run", "a", "a", 1, 2), ("save", "a", "y", 2, 3))


def test_one_timeline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is in it, so that no metric's history is asked for."""
    run.log("kedro/timeline.json", *FIRST)
    run.log_metric("system/time/a", 1, 2)
    run.log_metric("system/time/pipeline", 0, 9)
    monkeypatch.setattr(type(run.client), "get_metric_history", None)
    assert run.spans() == set(FIRST)


def test_parts_of_several_processes(run: Run) -> None:
    """Each part's nodes are there; of a node in several parts its last attempt is."""
    run.log("kedro/timeline.json", *FIRST, ("run", "b", "b", 4, 5))
    run.log("kedro/timeline/1.json", ("load", "b", "y", 100, 101), ("run", "b", "b", 101, 102))
    run.log("kedro/timeline/2.json", ("run", "c", "c", 50, 51))
    assert run.spans() == {
        *FIRST,
        ("load", "b", "y", 100, 101),
        ("run", "b", "b", 101, 102),
        ("run", "c", "c", 50, 51),
    }


def test_nodes_that_are_metrics_only(run: Run) -> None:
    """What an earlier version or a lost machine has run is read from the metrics."""
    run.log("kedro/timeline.json", *FIRST)
    run.log_metric("system/time/a", 1, 2)
    run.log_metric("system/time/b", 4, 5, 1)
    run.log_metric("system/time/load/y", 3, 4, 1)
    run.log_metric("time/node/old", 6, 7, 2)
    assert run.spans() == {
        *FIRST,
        ("load", "b", "y", 3, 4),
        ("run", "b", "b", 4, 5),
        ("run", "old", "old", 6, 7),
    }


def test_a_damaged_part(run: Run, said: list[str]) -> None:
    """It is left out with a warning that names it; the others count."""
    run.log("kedro/timeline.json", *FIRST)
    run.client.log_text(run.run_id, "{", "kedro/timeline/1.json")
    assert run.spans() == set(FIRST)
    (message,) = said
    assert message.startswith(
        "The timings in the run's artifact kedro/timeline/1.json are left out: "
    )


class Failing:
    """A client of a store whose artifacts cannot be read."""

    def __init__(self, client: Any, error: Exception) -> None:
        self._client, self._error = client, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def list_artifacts(self, *_: Any) -> Any:
        """Fail."""
        raise self._error


def test_artifacts_that_may_not_be_read(run: Run, said: list[str]) -> None:
    """The nodes are read from the metrics, with a warning."""
    run.log("kedro/timeline.json", *FIRST)
    run.log_metric("system/time/a", 1, 2)
    refused = Failing(run.client, PermissionError("not you"))
    assert run.spans(refused) == {("run", "a", "a", 1, 2)}
    (message,) = said
    assert message.startswith("The run's timeline cannot be read, so loads and saves are missing")
    assert "not you" in message


def test_a_store_that_is_away(run: Run) -> None:
    """That is no answer: whoever asks may try again."""
    away = Failing(run.client, ConnectionError("away"))
    with pytest.raises(ConnectionError):
        run.spans(away)


def test_too_large(run: Run, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be a timeline is not read into memory."""
    monkeypatch.setattr(finished_run_spans, "_MOST_BYTES", 10)
    run.log("kedro/timeline.json", *FIRST)
    assert run.spans() == set()
    assert said == [
        "The timings in the run's artifact kedro/timeline.json are left out: it is too large."
    ]


def test_no_artifacts(run: Run) -> None:
    """A run without any has no timings."""
    assert run.spans() == set()
