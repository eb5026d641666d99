"""The digest of data in memory."""

from __future__ import annotations

import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
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
    """Of a collection of long items, or a long text, some is looked at."""
    begin = time.process_time()
    found = of_data(data)
    assert time.process_time() - begin < 2
    assert found is not None
    assert found.of == "parts of the loaded data"


FLOATS = [float(n) for n in range(1000)]


@dataclass
class Point:
    """A class whose instances are in cells."""

    places: list[int]


def in_itself() -> list[Any]:
    """A list that has no end."""
    endless: list[Any] = []
    endless += [endless] * 50
    return endless


CELLS: dict[str, Callable[[int], Any]] = {
    "list": lambda n: [n, *FLOATS],
    "array": lambda n: np.array([n, *FLOATS]),
    "array of objects": lambda n: np.array([n, *FLOATS], dtype=object),
    "every other place of an array": lambda n: np.repeat([n, *FLOATS], 2)[::2],
    "dict": lambda n: {"a": n, "b": {str(value): value for value in FLOATS}},
    "dict of numbers": lambda n: dict(enumerate([n, *FLOATS])),
    "set": lambda n: {n + 0.5, "a", *FLOATS[:5]},
    "text": lambda n: f"{n} {'text ' * 2000}",
    "bytes": lambda n: bytes([n]) * 10_000,
    "object": lambda n: Point([n] * 1000),
    "deque": lambda n: deque([n, *FLOATS]),
    "table": lambda n: pd.DataFrame({"a": [n, *FLOATS]}),
    "series": lambda n: pl.Series("a", [float(n), *FLOATS]),
    "large integer": lambda n: 10**50_000 + n,
}


def column(kind: str, cells: list[Any]) -> pd.Series:
    """Cells as a column; pandas 2 tries to make floats of integers."""
    return pd.Series(cells, dtype=object if kind == "large integer" else None)


@pytest.mark.parametrize("kind", CELLS)
def test_whatever_is_in_a_cell(kind: str) -> None:
    """Other data in a cell give another digest."""
    tables = [
        pd.DataFrame({"a": column(kind, [CELLS[kind](n), CELLS[kind](1)])}) for n in (1, 1, 2)
    ]
    first, same, other = map(of_data, tables)
    assert first is not None
    assert first == same
    assert first != other


def test_much_in_each_cell() -> None:
    """The digest of many large cells takes little memory; each cell that is looked at counts."""
    cells = {kind: CELLS[kind](1) for kind in CELLS}
    table = pd.DataFrame({kind: column(kind, [cell] * 1000) for kind, cell in cells.items()})
    tracemalloc.start()
    digests = {of_data(table)}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
    for kind in ("list", "set", "array"):
        cell = CELLS[kind](2)
        digests.add(of_data(table.assign(**{kind: [cell, *[cells[kind]] * 999]})))
    assert len(digests) == 4


@pytest.mark.parametrize("make", [in_itself, lambda: [[[in_itself()] * 100] * 100] * 100])
def test_what_is_in_itself(make: Callable[[], Any]) -> None:
    """Something without an end has a digest all the same."""
    found = of_data(make())
    assert found is not None
    assert found.of == "parts of the loaded data"


def test_an_array_is_not_copied() -> None:
    """An array whose values do not lie one after the other takes no memory for its digest."""
    data = np.arange(6_000_000).reshape(2000, 3000).T
    tracemalloc.start()
    found = of_data(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    assert found == of_data(np.ascontiguousarray(data))


def test_nested_columns() -> None:
    """Polars' own lists are not made Python's."""
    data = pl.DataFrame({"a": np.zeros((3000, 2000)), "b": [{"c": [1]}] * 3000})
    tracemalloc.start()
    found = of_data(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
    assert found != of_data(data.with_columns(b=pl.lit({"c": [2]})))


@pytest.mark.parametrize("data", [[Lock()], [print, lambda: None], {"a": iter([1])}])
def test_what_has_no_content(data: Any) -> None:
    """What would have another digest in each process has none."""
    assert of_data(data) is None
