"""Tests of what has come of a sweep: the best one, the table, the chart and the lines."""

from __future__ import annotations

import json
import math

from mlflow_on_kedro.sweeps import chart
from mlflow_on_kedro.sweeps.combination import Result
from mlflow_on_kedro.sweeps.report import Outcome, as_json, best, table


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
    assert best(RESULTS, "f1", minimize=False) is RESULTS[2]
    assert best(RESULTS, "f1", minimize=True) is RESULTS[0]
    assert best(RESULTS, None, minimize=False) is None
    assert best(RESULTS, "unknown", minimize=False) is None


def test_table() -> None:
    """The table is JSON without NaN, and its columns have different names."""
    read = json.loads(table([*RESULTS, result(7, 0.1, C=[1, 2], f1=3)], ["C", "f1"]))
    assert read["columns"] == [
        "combination",
        "status",
        "C",
        "f1",
        "metrics.f1",
        "loss",
        "seconds",
        "run_id",
    ]
    assert read["data"][3] == ["0004", "FINISHED", 4, None, "nan", 1.0, 1.5, "id4"]
    assert read["data"][6][2:5] == ["[1, 2]", 3, 0.1]
    content = as_json("s", "id", Outcome(RESULTS, RESULTS[2], 6))
    assert content["best"]["combination"] == "0003"
    assert "NaN" not in json.dumps(content)


def test_chart() -> None:
    """The best line is the last one, above the others; those that failed are not drawn."""
    made = chart.figure(RESULTS, ["C"], title="5 <b>", metric="f1")
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


def test_chart_of_nothing() -> None:
    """A sweep in which nothing has finished has a chart all the same."""
    page = chart.page([result(1, None, "FAILED")], ["C"], title="x & y", metric="f1")
    assert "<title>x &amp; y</title>" in page
    assert chart.figure([], ["C"], title="")["data"] == []


def test_many() -> None:
    """Of very many combinations the best ones are drawn."""
    results = [result(number, float(number)) for number in range(1, 700)]
    made = chart.figure(results, ["C"], title="", metric="f1", minimize=True)
    assert len(made["data"]) == chart.MAX_LINES
    assert made["data"][-1]["customdata"][0] == "C=1"
    assert "the best 500 are drawn" in made["layout"]["title"]["text"]
