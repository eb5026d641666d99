"""Which runs a list has: the newest, the best, those for which conditions hold."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.history import best_runs, run_search
from mlflow_on_kedro.history.run_search import FoundRuns, RunSearch
from mlflow_on_kedro.tracking.finding import Runs

Add = Callable[..., str]


def names(found: FoundRuns) -> list[str]:
    """The names of the runs that were found."""
    return [run.info.run_name for run in found.runs]


@pytest.fixture
def four(add: Add) -> None:
    """Four runs, one of which has failed and one is a child."""
    add("a", {"acc": 0.9, "loss": 3.0}, {"C": "0.5", "kind": "linear"})
    best = add("b", {"acc": 0.95, "loss": math.nan}, {"C": "10", "kind": "rbf"})
    add("c", {"acc": 0.99}, {"C": "9"}, "FAILED")
    add("child", {"acc": 1.0}, **{"mlflow.parentRunId": best})


@pytest.mark.usefixtures("four")
def test_each_way(runs: Runs) -> None:
    """Newest first; by a metric, a parameter as a number, an attribute; with conditions."""
    expected = {
        RunSearch(): "cba",
        RunSearch(limit=2): "cb",
        RunSearch(sort="metrics.acc"): "cba",
        RunSearch(sort="metrics.acc", ascending=True, limit=1): "a",
        RunSearch(sort="metrics.loss"): "a",
        RunSearch(sort="params.C"): "bca",
        RunSearch(sort="params.kind", ascending=True): "ab",
        RunSearch(sort="name", ascending=True): "abc",
        RunSearch(sort="duration"): "cba",
        RunSearch("params.C > 0.5"): "cb",
        RunSearch("params.C > 0.5 AND status = FINISHED"): "b",
        RunSearch("params.C >= 0.5", "metrics.acc", limit=2): "cb",
        RunSearch("metrics.acc > 0.92"): "cb",
        RunSearch.for_best("acc"): "b",
        RunSearch.for_best("metrics.acc", "status != KILLED"): "c",
        RunSearch.for_best("loss", lowest=True): "a",
        RunSearch.for_best("none"): "",
    }
    assert {search: "".join(names(search.find(runs))) for search in expected} == expected
    assert names(RunSearch(sort="metrics.acc", children=True, limit=1).find(runs)) == ["child"]


def test_sweeps(add: Add, runs: Runs) -> None:
    """A sweep is one run in the list; what is sorted are its combinations."""
    sweep = add("sweep", {"best.acc": 0.9}, **{"kedro.sweep": "s", "kedro_command": "sweep"})
    tags = {"mlflow.parentRunId": sweep, "kedro.sweep": "s", "kedro_command": "kedro run"}
    for number in (1, 2):
        tags["kedro.sweep.combination"] = f"000{number}"
        add(f"C={number}", {"acc": number / 10}, {"C": number}, **tags)
    assert names(RunSearch().find(runs)) == ["sweep"]
    assert names(RunSearch("params.C = 2").find(runs)) == []
    assert "combinations of sweeps, are looked at with --children only" in (
        RunSearch("params.C = 2").nothing_found(runs)
    )
    assert names(RunSearch(children=True).find(runs)) == ["C=2", "C=1", "sweep"]
    assert names(RunSearch(sort="params.C", ascending=True).find(runs)) == ["C=1", "C=2"]
    assert names(RunSearch.for_best("acc").find(runs)) == ["C=2"]


@pytest.mark.usefixtures("four")
def test_a_tie(add: Add, runs: Runs) -> None:
    """Of several runs with the best value the newest is found, and their number is said."""
    value = 0.1 + 0.9 - 1e-16
    for name in ("old", "new"):
        add(name, {"acc": value})
    found = RunSearch.for_best("acc").find(runs)
    assert names(found) == ["new"]
    assert found.note == "2 runs have this value of metrics.acc; this is the newest of them."
    assert RunSearch.for_best("loss").find(runs).note == ""


@pytest.mark.usefixtures("four")
def test_nothing_found(runs: Runs) -> None:
    """The message says what was looked for, and the metric that may be meant."""
    message = RunSearch.for_best("ac").nothing_found(runs)
    assert "has no run with metrics.ac for which status = FINISHED holds. Did you mean 'acc'?" in (
        message
    )
    none = Runs(runs.uri, "none")
    assert RunSearch().find(none).runs == []
    assert "'none' in MLflow" in RunSearch().nothing_found(none)


def test_many(add: Add, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best are exact, also where pages are small and values grow or many are alike."""
    for n in range(18):
        add(f"{n}", {"grows": n, "alike": 1.0 if n % 2 else 0.0}, {"n": n, "odd": n % 2})
    monkeypatch.setattr(best_runs, "_PAGE", 4)
    assert names(RunSearch(sort="metrics.grows", limit=3).find(runs)) == ["17", "16", "15"]
    least = RunSearch(sort="metrics.grows", ascending=True, limit=1)
    assert names(least.find(runs)) == ["0"]
    both = RunSearch("params.odd = 0 AND params.n < 14", "metrics.grows", limit=2).find(runs)
    assert (names(both), both.note) == (["12", "10"], "")
    assert {
        int(name) % 2 for name in names(RunSearch(sort="metrics.alike", limit=5).find(runs))
    } == {1}


def test_at_most(add: Add, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all runs are read, and the note says so, why, and what to do."""
    for n in range(6):
        add(f"{n}", {"m": n}, {"n": n})
    monkeypatch.setattr(run_search, "MOST_READ", 4)
    monkeypatch.setattr(run_search, "_PAGE", 2)
    found = RunSearch("params.n < 3").find(runs)
    assert names(found) == ["2"]
    assert found.note.startswith("Only about 4 runs were looked at, and there are more. MLflow")
    assert "so params.n < 3 is checked here" in found.note
    assert "does not sort by params.n as a number" in RunSearch(sort="params.n").find(runs).note
    assert RunSearch("params.n > 3").find(runs).note != ""
    assert RunSearch("params.n > 3", limit=2).find(runs).note == ""


def test_a_filter_that_mlflow_refuses(runs: Runs, add: Add) -> None:
    """MLflow's answer is one line."""
    add("a")
    with pytest.raises(MLflowOnKedroError, match="refuses this, so no run can be looked up"):
        RunSearch("dataset.nothing = 'x'").find(runs)
