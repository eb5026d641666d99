"""Tables and arrays are told from other values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mlflow_on_kedro.inputs.tabular import is_array, table_library


@pytest.mark.parametrize(
    ("value", "library"),
    [
        (pd.DataFrame(), "pandas"),
        (pd.Series(dtype=float), "pandas"),
        (pl.DataFrame(), "polars"),
        (pl.LazyFrame(), "polars"),
        (pl.Series(), "polars"),
        (np.zeros(1), None),
        (pd.Index([1]), None),
        ({}, None),
    ],
)
def test_table_library(value: object, library: str | None) -> None:
    """Each table knows its library."""
    assert table_library(value) == library


def test_is_array() -> None:
    """Arrays are NumPy's, also of a derived class."""
    assert is_array(np.zeros(1))
    assert is_array(np.ma.zeros(1))
    assert not is_array([1])
