"""The description that a run gets by itself."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.tracking.summary import (
    MAX_LENGTH,
    RunOutcome,
    RunSummary,
    UsedDataset,
    merged,
    to_markdown,
)

WINES = UsedDataset("wines", "data/wines.csv")
MODEL = UsedDataset("model", "data/model.pkl", "models/model (1).pkl", "fit")
SCORE = UsedDataset("score", "metric", node="score")
SUMMARY = RunSummary(
    "train", {"to nodes": "score"}, "kedro run", ["fit", "score"], [WINES, MODEL, SCORE]
)


def test_a_run_that_has_finished() -> None:
    """It says what ran and how long, and has the files with links, values without."""
    outcome = RunOutcome("FINISHED", 12.34, "/experiments/1/runs/ab")
    *begin, table = to_markdown(SUMMARY, outcome, [("wine/s", "3")]).split("\n\n")
    assert begin == [
        "Pipeline `train` (to nodes `score`) **finished** in 12.3 s, 2 nodes",
        "    kedro run",
        "Registered: [`wine/s` version 3](#/models/wine%2Fs/versions/3)",
    ]
    assert table == (
        "| Dataset | Where |\n|:---|:---|\n"
        "| read `wines` | `data/wines.csv` |\n"
        "| written `model` | [`models/model (1).pkl`](#/experiments/1/runs/ab/artifacts/models/"
        "model%20%281%29.pkl?workflowType=machine_learning) |\n"
        "| written `score` | metric |"
    )


def test_a_run_that_has_failed() -> None:
    """It names the node and the error's first line; what no node has written is left out."""
    outcome = RunOutcome("FAILED", 1, "", ["fit"], "score", "ValueError: a `b`\n and more")
    text = to_markdown(SUMMARY, outcome)
    assert "**failed** after 1.0 s at the node `score`, 1 of 2 nodes done\n\n" in text
    assert "\n\n`ValueError: a 'b'`\n\n" in text
    assert "`model`" in text
    assert "`score` | metric" not in text


def test_a_run_that_was_killed() -> None:
    """It says so, and that no node was done."""
    text = to_markdown(SUMMARY, RunOutcome("KILLED", 7200, done=()))
    assert "**was killed** after 2 h 0 min, 0 of 2 nodes done" in text


@pytest.mark.parametrize("length", [5, 400])
def test_a_large_catalog_is_cut(length: int) -> None:
    """However many datasets there are, and however long their names, it stays short."""
    reads = [UsedDataset(f"{'x' * length}{n}", "f" * length) for n in range(100)]
    text = to_markdown(RunSummary("p", datasets=[*reads, MODEL]), RunOutcome("FINISHED", 1))
    assert len(text) <= MAX_LENGTH
    assert ("| read 80 more | |" in text) is (length == 5)
    assert "written `model`" in text


def test_names_that_markdown_would_misread() -> None:
    """Bars, backticks and line ends in names do not break the table."""
    odd = RunSummary("p", datasets=[UsedDataset("a|`b\nc", "d|e")])
    assert to_markdown(odd, RunOutcome("FINISHED", 1)).endswith(r"| read `a\|'b c` | `d\|e` |")


def test_json() -> None:
    """What is written is read again; what does not fit is left out."""
    assert RunSummary.from_json(SUMMARY.to_json()) == SUMMARY
    assert len(RunSummary.from_json(SUMMARY.to_json(300)).datasets) == 1
    many = RunSummary("p", nodes=["node"] * 1000)
    assert RunSummary.from_json(many.to_json(5000)).nodes == []
    for text in ("{}", "[", '{"pipeline": "p", "datasets": [], "x": 1}'):
        with pytest.raises(ValueError, match=r"."):
            RunSummary.from_json(text)


def test_the_parts_of_a_run() -> None:
    """What one part writes and another reads is only written; no single command repeats all."""
    fit = RunSummary("train", {}, "kedro run -n fit", ["fit"], [WINES, MODEL])
    use = UsedDataset("model", "data/model.pkl")
    score = RunSummary("train", {}, "kedro run -n score", ["score"], [use, SCORE])
    whole = merged([fit, score])
    assert (whole.pipeline, whole.command, whole.nodes) == ("train", "", ["fit", "score"])
    assert whole.datasets == [WINES, MODEL, SCORE]
    assert merged([fit, fit]) == fit
