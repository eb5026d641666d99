"""Tests of what has come of a sweep: the best one, the table, the chart and the lines."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow_on_kedro.sweeps import chart
from mlflow_on_kedro.sweeps.combination import Result
from mlflow_on_kedro.sweeps.lines import of_outcome, of_result
from mlflow_on_kedro.sweeps.ranking import Goal, rank
from mlflow_on_kedro.sweeps.report import Outcome, as_json, table
from mlflow_on_kedro.sweeps.sweep_folder import SweepFolder


def result(number: int, score: float | None, status: str = "FINISHED", **values: object) -> Result:
    """The result of a combination with the metric `f1`."""
    metrics = {"f1": score, "loss": 1.0} if score is not None else {}
    named = values or {"C": number}
    key = f"{number:04}"
    return Result(key, f"C={number}", named, status, f"id{number}", metrics, 1.5)  # type: ignore[arg-type]


RESULTS = [
    result(1, 0.5),
    result(2, 0.9, "FAILED"),
    result(3, 0.8),
    result(4, math.nan),
    result(5, 0.8),
    result(6, None),
]


def test_best() -> None:
    """The first of the best that have finished; neither NaN nor a failed one."""
    found = rank(RESULTS, Goal("f1"))
    assert found.best is not None
    assert (found.best.results, found.ties) == ([RESULTS[2]], 2)
    least = rank(RESULTS, Goal("f1", minimize=True)).best
    assert least is not None
    assert least.results == [RESULTS[0]]
    assert rank(RESULTS, Goal(None)).best is None
    assert rank(RESULTS, Goal("unknown")).best is None


SEEDS = [
    result(number, score, C=c, seed=seed)
    for number, (c, seed, score) in enumerate(
        [(1, 1, 1.0), (1, 2, 0.6), (2, 1, 0.9), (2, 2, 0.96), (3, 1, 1.0), (3, 2, None)], start=1
    )
]


def test_over_a_seed(tmp_path: Path) -> None:
    """The best mean wins, and a group of which one has failed does not count."""
    goal = Goal("f1", over=["seed"], size=2)
    found = rank(SEEDS, goal)
    assert [group.values for group in found.groups] == [{"C": 2}, {"C": 1}]
    assert found.best is not None
    assert found.best.metrics == {"f1": pytest.approx(0.93), "loss": 1.0}
    assert found.best.spread == pytest.approx(0.0424264)
    outcome = Outcome(SEEDS, found, 6)
    best = as_json("s", "id", outcome)["best"]
    assert (best["values"], best["run_ids"], best["equally_good"]) == ({"C": 2}, ["id3", "id4"], 1)
    lines = shown(outcome, goal, tmp_path)
    assert "Best: C=2, with f1 0.93 ± 0.042 over 2 values of seed (mean ± standard deviation)" in (
        lines
    )
    assert lines[-4:] == [
        "Mean of f1, the best first:",
        "  C=2  0.93 ± 0.042",
        "  C=1  0.8 ± 0.28",
        "  Left out: 1, because not all 2 combinations have finished.",
    ]
    assert of_result(SEEDS[3], 6, goal, found.best).endswith("(C=2 is the best so far)")
    none = shown(Outcome(SEEDS[4:], rank(SEEDS[4:], goal), 2), goal, tmp_path)
    assert none[-1] == (
        "There is no best one: no group that differs only in seed has finished all of its 2 "
        "combinations."
    )


def test_ties(tmp_path: Path) -> None:
    """Several that are equally good are not passed off as one."""
    goal = Goal("f1")
    lines = shown(Outcome(RESULTS, rank(RESULTS, goal), 6), goal, tmp_path)
    assert "Best: 2 combinations are equally good, with f1 0.8; the first is C=3 (run id3)" in lines
    means = [result(number, 0.1 * number, C=number % 2) for number in (1, 2, 4, 3)]
    assert rank(means, Goal("f1", over=["C"], size=4)).ties == 1
    others = [(0.1, 0.2, 0.3), (0.3, 0.2, 0.1)]  # their sums differ in the last digit
    alike = [
        result(10 * c + seed, score, C=c, seed=seed)
        for c, scores in enumerate(others)
        for seed, score in enumerate(scores)
    ]
    found = rank(alike, Goal("f1", over=["seed"], size=3))
    assert found.ties == 2
    assert found.groups[0].values == {"C": 0}


def shown(outcome: Outcome, goal: Goal, folder: Path) -> list[str]:
    """What the terminal shows at the end of a sweep."""
    plan = SimpleNamespace(goal=goal, metric=goal.metric)
    return of_outcome(outcome, plan, SweepFolder(folder))  # type: ignore[arg-type]


def test_table() -> None:
    """The table is JSON without NaN, and its columns have different names."""
    read = json.loads(table([*RESULTS, result(7, 0.1, C=[1, 2], f1=3)], ["C", "f1"], "loss"))
    assert read["columns"] == [
        "combination",
        "loss",
        "C",
        "f1",
        "metrics/f1",
        "status",
        "seconds",
        "run_id",
    ]
    assert read["data"][3] == ["0004", 1.0, 4, None, "nan", "FINISHED", 1.5, "id4"]
    assert read["data"][6][1:5] == [1.0, "[1, 2]", 3, 0.1]
    content = as_json("s", "id", Outcome(RESULTS, rank(RESULTS, Goal("f1")), 6))
    assert content["best"]["combination"] == "0003"
    assert "NaN" not in json.dumps(content)


def test_chart() -> None:
    """The best line is the last one, above the others; those that failed are not drawn."""
    made = chart.figure(RESULTS, ["C"], title="5 <b>", metric="f1", best=["0003"])
    names = [line["customdata"][0] for line in made["data"]]
    assert names[-1] == "C=3"
    assert "C=2" not in names
    assert [line["line"]["width"] for line in made["data"]].count(4) == 1
    assert made["data"][-1]["line"]["width"] == 4
    assert "5 &lt;b&gt;" in made["layout"]["title"]["text"]
    assert "the greener, the better by f1; 1 failed" in made["layout"]["title"]["text"]


def test_axes() -> None:
    """Axes of numbers over decades are logarithmic; those of texts have a place for each."""
    results = [
        result(1, 0.1, C=0.001, kind="a"),
        result(2, 0.2, C=0.1, kind="b"),
        result(3, 0.3, C=10.0, kind=None),
    ]
    made = chart.figure(results, ["C", "kind"], title="", metric="f1")
    assert [line["y"][:2] for line in made["data"]] == [[0.0, 0.0], [0.5, 1.0], [1.0, None]]


def test_axes_that_tell_nothing() -> None:
    """What is equal in all combinations is named below the chart; long names are not cut."""
    results = [result(number, number / 9, **{"a.quite_long_name": number}) for number in (1, 2, 3)]
    made = chart.figure(results, ["a.quite_long_name"], title="", metric="f1")
    below, *others = made["layout"]["annotations"]
    assert below["text"] == "Equal in all, and not drawn: loss"
    headings = [(one["text"], one["xanchor"]) for one in others if one["text"].startswith("<b>")]
    assert headings == [("<b>a.quite_long_name</b>", "left"), ("<b>f1</b>", "right")]
    for one in results:
        one.metrics["f1"] = 1.0  # type: ignore[index]
    assert len(chart.figure(results, ["a.quite_long_name"], title="", metric="f1")["data"]) == 3


def test_chart_of_nothing() -> None:
    """A sweep in which nothing has finished has a chart all the same."""
    page = chart.page([result(1, None, "FAILED")], ["C"], title="x & y", metric="f1")
    assert "<title>x &amp; y</title>" in page
    assert chart.figure([], ["C"], title="")["data"] == []


def test_many() -> None:
    """Of very many combinations the best ones are drawn."""
    results = [result(number, float(number)) for number in range(1, 700)]
    made = chart.figure(results, ["C"], title="", metric="f1", minimize=True, best=["0001"])
    assert len(made["data"]) == chart.MAX_LINES
    assert made["data"][-1]["customdata"][0] == "C=1"
    assert "the best 500 are drawn" in made["layout"]["title"]["text"]
