"""A table's columns or an array's shape, as MLflow has them."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mlflow.types.schema import Schema
from mlflow_on_kedro.inputs.schema import MAX_LENGTH, shape_of


def columns(data: Any) -> dict[str, str]:
    """The names of the columns and their types."""
    schema = shape_of(data).schema
    assert schema is not None
    colspec = json.loads(schema)["mlflow_colspec"]
    Schema.from_json(json.dumps(colspec))  # MLflow can read it
    return {column["name"]: column["type"] for column in colspec}


def test_pandas() -> None:
    """Each type of pandas is MLflow's own for it."""
    frame = pd.DataFrame(
        {
            "bool": [True, False],
            "int8": np.array([1, 2], "int8"),
            "int32": np.array([1, 2], "int32"),
            "uint32": np.array([1, 2], "uint32"),
            "int64": [1, 2],
            "nullable": pd.array([1, None], dtype="Int64"),
            "float32": np.array([1, 2], "float32"),
            "float64": [1.5, 2],
            "text": ["a", None],
            "texts": pd.array(["a", None], dtype="string"),
            "object_text": pd.Series(["a", None], dtype=object),
            "bytes": pd.Series([b"a", b"b"], dtype=object),
            "date": pd.Series([dt.date(2024, 1, 1)] * 2, dtype=object),
            "time": pd.to_datetime(["2024-01-01", None]),
            "zoned": pd.to_datetime(["2024-01-01", None], utc=True),
            "category": pd.Categorical(["a", "b"]),
            "numbers": pd.Categorical([1, 2]),
            "lists": [[1], [2]],
            "duration": pd.to_timedelta([1, 2], unit="s"),
            7: [1, 2],
        }
    )
    assert columns(frame) == {
        "bool": "boolean",
        "int8": "integer",
        "int32": "integer",
        "uint32": "long",
        "int64": "long",
        "nullable": "long",
        "float32": "float",
        "float64": "double",
        "text": "string",
        "texts": "string",
        "object_text": "string",
        "bytes": "binary",
        "date": "datetime",
        "time": "datetime",
        "zoned": "datetime",
        "category": "string",
        "numbers": "long",
        "lists": "any",
        "duration": "any",
        "7": "long",
    }


def test_required() -> None:
    """Only columns that cannot hold a missing value are said to be complete."""
    frame = pd.DataFrame({"n": [1], "x": [1.0], "m": pd.array([1], dtype="Int64"), "t": ["a"]})
    schema = json.loads(shape_of(frame).schema or "")["mlflow_colspec"]
    assert [column["name"] for column in schema if column["required"]] == ["n"]


def test_like_mlflow() -> None:
    """MLflow's own schema of a simple table is the same."""
    import mlflow.data

    frame = pd.DataFrame({"n": [1, 2], "flag": [True, False]})
    own = mlflow.data.from_pandas(frame, source="a.csv").to_dict()
    found = shape_of(frame)
    assert json.loads(found.schema or "") == json.loads(own["schema"])
    assert found.profile == json.loads(own["profile"])


def test_series() -> None:
    """A Series is a table of one column."""
    assert columns(pd.Series([1.0], name="x")) == {"x": "double"}
    assert columns(pl.Series("x", [1.0])) == {"x": "double"}


POLARS = {
    "b": (pl.Boolean, "boolean"),
    "i": (pl.Int32, "integer"),
    "n": (pl.Int64, "long"),
    "u": (pl.UInt32, "long"),
    "f": (pl.Float32, "float"),
    "x": (pl.Float64, "double"),
    "t": (pl.String, "string"),
    "c": (pl.Categorical, "string"),
    "d": (pl.Date, "datetime"),
    "z": (pl.Datetime("us", "UTC"), "datetime"),
    "y": (pl.Binary, "binary"),
    "m": (pl.Decimal(10, 2), "double"),
    "l": (pl.List(pl.Int64), "any"),
    "null": (pl.Null, "any"),
}


@pytest.mark.parametrize("is_lazy", [False, True])
def test_polars(is_lazy: bool) -> None:
    """Each type of Polars is MLflow's own for it, also of a table that is not read yet."""
    frame: Any = pl.DataFrame(schema={name: dtype for name, (dtype, _) in POLARS.items()})
    found = frame.lazy() if is_lazy else frame
    assert columns(found) == {name: kind for name, (_, kind) in POLARS.items()}
    assert shape_of(found).profile == ({} if is_lazy else {"num_rows": 0, "num_elements": 0})


@pytest.mark.parametrize("array", [np.zeros((3, 4), "float32"), np.arange(5), np.array(1.0)])
def test_numpy(array: Any) -> None:
    """An array's schema and profile are MLflow's own."""
    import mlflow.data

    found = shape_of(array)
    assert found.schema is not None
    if array.ndim:
        own = mlflow.data.from_numpy(array).to_dict()
        assert json.loads(found.schema) == json.loads(own["schema"])
        assert found.profile == json.loads(own["profile"])


@pytest.mark.parametrize("value", [None, 1, "text", [1, 2], {"a": 1}, object()])
def test_others(value: object) -> None:
    """Other values have no schema."""
    assert shape_of(value).schema is None


def test_derived() -> None:
    """A class derived from pandas' is a table, too."""

    class Own(pd.DataFrame):
        """As GeoPandas has it."""

    assert columns(Own({"a": [1]})) == {"a": "long"}


def test_very_wide() -> None:
    """A schema that MLflow has no room for is cut to whole columns."""
    frame = pl.DataFrame(schema={f"column_{n}_{'x' * 50}": pl.Int64 for n in range(12_000)})
    schema = shape_of(frame).schema or ""
    assert 0.9 * MAX_LENGTH < len(schema) <= MAX_LENGTH
    assert json.loads(schema)["mlflow_colspec"][0]["type"] == "long"


def test_it_takes_a_few_milliseconds() -> None:
    """A long table costs no more than a short one."""
    frame = pd.DataFrame({f"c{n}": np.arange(1_000_000) for n in range(5)} | {"t": "text"})
    begin = time.process_time()
    shape_of(frame)
    assert time.process_time() - begin < 1
