"""The timings of a run, from its metrics alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.timeline.metric_spans import spans_of_metrics
from mlflow_on_kedro.tracking import timing_metrics

BEGIN = 1_700_000_000.0


class Run:
    """A run in MLflow, which is told timings as a run of this plugin logs them."""

    def __init__(self, client: Any, *, is_old: bool) -> None:
        self.client = client
        self.names = timing_metrics.names_in_runs(None)[is_old]
        self.run_id = client.create_run(client.create_experiment("demo")).info.run_id

    def log(
        self, kind: Any, name: str, begin: float, end: float, step: int, prefix: str | None = None
    ) -> None:
        """Log one span; times are in seconds from the beginning."""
        names = self.names if prefix is None else replace(self.names, run=prefix)
        self.client.log_metric(
            self.run_id,
            timing_metrics.metric_key(names.metric(kind, name)),
            end - begin,
            timestamp=round((BEGIN + end) * 1000),
            step=step,
        )

    def spans(self, prefix: str | None = None) -> set[tuple[Any, ...]]:
        """What is read of it: kind, node, dataset, begin and end in seconds."""
        found = spans_of_metrics(self.client, self.client.get_run(self.run_id), prefix)
        assert all(isinstance(span, Span) for span in found)
        return {
            (s.kind, s.node, s.name, round(s.start - BEGIN, 2), round(s.end - BEGIN, 2))
            for s in found
        }

    def failed(self) -> list[str]:
        """The nodes that are marked as failed."""
        found = spans_of_metrics(self.client, self.client.get_run(self.run_id))
        return [span.node for span in found if span.failed]


@pytest.fixture(params=[False, True], ids=["now", "before"])
def run(client: Any, request: pytest.FixtureRequest) -> Run:
    """A run without timings, of this version of the plugin or of an earlier one."""
    return Run(client, is_old=request.param)


def test_loads_and_saves_belong_to_nodes(run: Run) -> None:
    """A dataset that two nodes load is in the row of each; other metrics are no timings."""
    run.log("load", "x", 0, 1, 0)
    run.log("run", "a", 1, 2, 0)
    run.log("save", "y", 2, 3, 0)
    run.log("load", "x", 3, 4, 1)
    run.log("run", "b", 4, 5, 1)
    run.client.log_metric(run.run_id, f"{run.names.run.removesuffix('node/')}pipeline", 5)
    run.client.log_metric(run.run_id, "score", 0.9)
    assert run.spans() == {
        ("load", "a", "x", 0, 1),
        ("run", "a", "a", 1, 2),
        ("save", "a", "y", 2, 3),
        ("load", "b", "x", 3, 4),
        ("run", "b", "b", 4, 5),
    }


def test_processes_that_count_alone(run: Run) -> None:
    """Of processes that share a run, each with the step 0, loads and saves go to the nearest."""
    for begin, node in ((0, "a"), (100, "b"), (200, "c")):
        run.log("load", "x", begin, begin + 1, 0)
        run.log("run", node, begin + 1, begin + 2, 0)
        run.log("save", f"{node}_out", begin + 2, begin + 3, 0)
    found = run.spans()
    assert len(found) == 9
    assert {("load", node, "x", at, at + 1) for at, node in ((0, "a"), (100, "b"), (200, "c"))} < (
        found
    )
    assert ("save", "b", "b_out", 102, 103) in found


def test_an_attempt_before(run: Run) -> None:
    """Of a node that was run twice the last time is shown, with what belongs to it."""
    run.log("run", "a", 0, 1, 0)
    run.log("load", "x", 1, 2, 1)
    run.log("run", "b", 2, 3, 1)
    run.log("load", "x", 501, 502, 0)
    run.log("run", "b", 502, 504, 0)
    run.log("load", "y", 504, 505, 1)
    run.log("run", "c", 505, 506, 1)
    assert run.spans() == {
        ("run", "a", "a", 0, 1),
        ("load", "b", "x", 501, 502),
        ("run", "b", "b", 502, 504),
        ("load", "c", "y", 504, 505),
        ("run", "c", "c", 505, 506),
    }


def test_what_failed(run: Run) -> None:
    """The failed node is marked, unless the run was finished later."""
    run.log("run", "f(x)", 0, 1, 0)
    run.log("run", "b", 1, 2, 1)
    run.client.set_tag(run.run_id, timing_metrics.FAILED_NODE_TAG, "f(x)")
    run.client.set_terminated(run.run_id, "FAILED")
    assert run.failed() == ["f_x_"]
    run.client.set_terminated(run.run_id, "FINISHED")
    assert run.failed() == []


@pytest.mark.parametrize("prefix", ["_time_to_run ", "time/", "n:"])
def test_a_prefix_of_the_users(run: Run, prefix: str) -> None:
    """Nodes are found under another prefix, which the run itself tells before mlflow.yml does."""
    run.log("run", "a", 0, 1, 0, prefix)
    run.log("save", "y", 1, 2, 0)
    run.client.log_metric(run.run_id, f"{run.names.run.removesuffix('node/')}pipeline", 5)
    expected = {("run", "a", "a", 0, 1), ("save", "a", "y", 1, 2)}
    assert run.spans(prefix) == expected
    run.client.set_tag(run.run_id, timing_metrics.PREFIX_TAG, prefix)
    assert run.spans() == run.spans("other/") == expected


def test_no_prefix(run: Run) -> None:
    """Without any prefix durations are like all other metrics, which is said."""
    with pytest.raises(MLflowOnKedroError, match=r"an empty `time.prefix`, so the durations"):
        run.spans("")


def test_a_node_called_pipeline(run: Run) -> None:
    """It is not taken for the pipeline, nor the pipeline for it."""
    run.log("run", "pipeline", 0, 1, 0)
    run.client.log_metric(run.run_id, "system/time/pipeline", 5)
    assert run.spans() == {("run", "pipeline", "pipeline", 0, 1)}


def test_nodes_that_are_known(run: Run) -> None:
    """They are left out, and without others nothing is asked for."""
    run.log("run", "f(x)", 0, 1, 0)
    run.log("run", "b", 1, 2, 1)
    found = run.client.get_run(run.run_id)
    assert [s.node for s in spans_of_metrics(run.client, found, but={"f_x_"})] == ["b"]
    assert spans_of_metrics(None, found, but={"f_x_", "b"}) == []  # type: ignore[arg-type]


def test_nothing(run: Run) -> None:
    """A run without timings has none."""
    run.client.log_metric(run.run_id, f"{run.names.run.removesuffix('node/')}pipeline", 5)
    assert run.spans() == set()
