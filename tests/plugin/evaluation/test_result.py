"""The table of results."""

from __future__ import annotations

from typing import Any

from mlflow_on_kedro.evaluation.result import Evaluated

ROWS: list[dict[str, Any]] = [{"inputs": {"q": 1}, "outputs": "a"}, {"inputs": {"q": 2}}]


def score(value: Any, rationale: str | None = None, error: str | None = None) -> dict[str, Any]:
    """What a scorer says of one row."""
    return {"value": value, "rationale": rationale, "error_message": error}


def test_table() -> None:
    """A row for each, in order; no columns that would be empty, but for values."""
    found = Evaluated(
        scores=[{"a": score("yes", "since"), "b": score(None)}, {"a": score("no")}],
        trace_ids=["tr-1", ""],
    )
    table = found.table(ROWS)
    assert list(table) == ["inputs", "outputs", "a/value", "a/rationale", "b/value", "trace_id"]
    assert list(table["a/value"]) == ["yes", "no"]


def test_nothing() -> None:
    """What could not be evaluated is a table of its rows."""
    assert list(Evaluated().table(ROWS)) == ["inputs", "outputs"]
    assert Evaluated().failures() == {}


def test_failures() -> None:
    """The first line of each error, by the scorer."""
    failed = {"a": score(None, error="no key\nTraceback")}
    found = Evaluated(scores=[failed, {"a": score("yes"), "b": score(1)}, failed])
    assert found.failures() == {"a": ["no key", "no key"]}
