"""The digest of data in memory."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mlflow_on_kedro.inputs.sample import SAMPLE_ROWS, of_data


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]})),
        (pd.DataFrame({"a": [[1], [2]]}), pd.DataFrame({"a": [[1], [3]]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.Series(["a", "\ud800"], dtype=object), pd.Series(["a", "c"])),
        (pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 3]})),
        (pl.DataFrame({"a": [{"x": [1]}]}), pl.DataFrame({"a": [{"x": [2]}]})),
        (pl.Series("a", [1]), pl.Series("a", [2])),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.array(1), np.array(2)),
        (b"a", b"b"),
        ("a\ud800", "b"),
        (1, 2),
        ([1, {"a": None}], [1, {"a": 2}]),
        ({"a": 1}, {"a": 2}),
        (SimpleNamespace(content=b"a"), SimpleNamespace(content=b"b")),
    ],
)
def test_changes_with_the_data(first: Any, other: Any) -> None:
    """The same data have the same digest, and others another."""
    found = of_data(first)
    assert found is not None
    assert found.of == "loaded data"
    assert found == of_data(first)
    assert found != of_data(other)


@pytest.mark.parametrize("data", [object(), [object()], pl.LazyFrame({"a": [1]}), None, iter([1])])
def test_none(data: object) -> None:
    """What has no text that is always the same has no digest, and nothing is read for it."""
    assert of_data(data) is None


COUNT = 3 * SAMPLE_ROWS + 1


@pytest.mark.parametrize(
    "make",
    [
        lambda values: pd.DataFrame({"a": values}),
        lambda values: pl.DataFrame({"a": values}),
        np.array,
        list,
    ],
)
def test_a_sample_of_much(make: Any) -> None:
    """Of many rows some are looked at from the first to the last, and their number counts."""
    values = list(range(COUNT))
    found = of_data(make(values))
    assert found is not None
    assert found.of == "every 4. row of the loaded data"
    assert found != of_data(make(values[:-1]))
    assert found != of_data(make([-1, *values[1:]]))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, list])
def test_empty(make: Any) -> None:
    """Nothing has a digest, too."""
    assert of_data(make()) is not None


def test_a_wide_table() -> None:
    """Of many columns fewer rows are looked at, so that it takes no longer."""
    found = of_data(pd.DataFrame(np.zeros((1000, 500))))
    assert found is not None
    assert found.of == "every 5. row of the loaded data"


def test_it_takes_a_few_milliseconds() -> None:
    """Much data takes no longer than some."""
    frame = pd.DataFrame(np.zeros((100_000, 50))).assign(text="text")
    begin = time.process_time()
    of_data(frame)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    "data", [{"a": list(range(10_000_000))}, b"a" * 50_000_000, "a" * 50_000_000]
)
def test_long_items(data: Any) -> None:
    """Of a collection of long items, or a long text, the beginning is looked at."""
    begin = time.process_time()
    found = of_data(data)
    assert time.process_time() - begin < 2
    assert found is not None
    assert found.of == "the beginning of the loaded data"
