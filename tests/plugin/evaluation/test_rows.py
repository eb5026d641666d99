"""The rows of an evaluation, from the tables that nodes return."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.evaluation.rows import Columns, rows_of

MLFLOWS = [{"inputs": {"q": "a?"}, "outputs": "a", "expectations": {"expected_response": "A"}}]
FLAT = [{"q": "a?", "said": "a", "truth": "A", "id": 3}]
NAMED = Columns(["q"], "said", {"expected_response": "truth"})


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (MLFLOWS, Columns()),
        (pd.DataFrame(MLFLOWS), Columns()),
        (FLAT, NAMED),
        (pd.DataFrame(FLAT), NAMED),
        (FLAT, Columns({"q": "q"}, "said", {"expected_response": "truth"})),
        (FLAT, Columns("q", "said", {"expected_response": "truth"})),
    ],
)
def test_tables(data: Any, columns: Columns) -> None:
    """Each kind of table gives the same rows."""
    assert rows_of("quality", data, columns) == MLFLOWS


def test_other_tables() -> None:
    """A table of Polars, and an evaluation dataset of MLflow, which has `to_df`."""

    class Polars:
        def to_dicts(self) -> list[dict[str, Any]]:
            return MLFLOWS

    class EvaluationDataset:
        def to_df(self) -> pd.DataFrame:
            return pd.DataFrame(MLFLOWS)

    assert rows_of("quality", Polars(), Columns()) == MLFLOWS
    assert rows_of("quality", EvaluationDataset(), Columns()) == MLFLOWS


def test_missing_values() -> None:
    """A row without expectations has none; a trace stands for inputs and outputs."""
    table = pd.DataFrame([*MLFLOWS, {"inputs": {"q": "b?"}, "outputs": "b"}])
    assert rows_of("quality", table, Columns())[1] == {"inputs": {"q": "b?"}, "outputs": "b"}
    assert rows_of("quality", [{"trace": "{}"}], Columns()) == [{"trace": "{}"}]
    empty: Any = {**FLAT[0], "truth": float("nan")}
    assert rows_of("quality", [empty], NAMED) == [{**MLFLOWS[0], "expectations": {}}]
    given = {**MLFLOWS[0], "expectations": {"expected_response": None, "facts": ["A"]}}
    assert rows_of("quality", [given], Columns())[0]["expectations"] == {"facts": ["A"]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (0.5, "'quality' evaluates a table or a list of dicts, and got a float"),
        (["a"], "item 0 of the list is a str"),
        (
            [{"question": "a?"}],
            r"row 0 .* no column 'inputs'. It has: question\. .*`inputs: \[",
        ),
    ],
)
def test_mistakes(data: Any, message: str) -> None:
    """What is no table, and a column that misses, are named."""
    with pytest.raises(DatasetError, match=message):
        rows_of("quality", data, Columns())
