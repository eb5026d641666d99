"""models/input_samples.py: rows of a model's input as arrays and tables that MLflow takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from mlflow_on_kedro.models.input_samples import first_rows, to_numpy_or_pandas
from mlflow_on_kedro.models.signature import Signature, make_example

LONG = pd.DataFrame({"size": [float(number) for number in range(200)]})


class Tensor:
    """What this plugin asks of a tensor of PyTorch, which development does without."""

    __module__ = "torch"

    def __init__(self, values: Any, dtype: str = "torch.float32") -> None:
        self.values = np.asarray(values)
        self.shape = self.values.shape
        self.dtype = dtype

    def __getitem__(self, rows: slice) -> Tensor:
        return Tensor(self.values[rows])

    def detach(self) -> Tensor:
        """Itself."""
        return self

    def cpu(self) -> Tensor:
        """Itself."""
        return self

    def float(self) -> Tensor:
        """A type that NumPy has."""
        return Tensor(self.values.astype("float32"))

    def numpy(self) -> Any:
        """The array."""
        assert self.dtype != "torch.bfloat16", "NumPy has no such numbers"
        return self.values


def test_a_tensor() -> None:
    """A tensor is an array: as an example, as that of a dataset, and among several inputs."""
    tensor = Tensor(np.ones((20, 3), "float32"))
    for example in (
        make_example(tensor, None, {}.__getitem__),
        make_example("x", None, {"x": tensor}.__getitem__),
        to_numpy_or_pandas({"x": tensor})["x"],
        to_numpy_or_pandas((tensor, tensor))[1],
        to_numpy_or_pandas(Tensor([[1]], "torch.bfloat16")),
    ):
        assert isinstance(example, np.ndarray)
    assert make_example("x", None, {"x": tensor}.__getitem__).shape == (5, 3)
    assert first_rows({"x": tensor, "scale": 2.0}, 5)["x"].shape == (5, 3)


def test_the_signature_of_a_tensor() -> None:
    """It has the tensor's shape and type."""
    made = Signature.from_arg("x").make(None, {"x": Tensor(np.ones((20, 3)))}.__getitem__, "model")
    (spec,) = made.inputs.to_dict()
    assert spec["tensor-spec"] == {"dtype": "float64", "shape": (-1, 3)}


@pytest.mark.parametrize("table", [pl.from_pandas(LONG), pl.from_pandas(LONG).lazy()])
def test_polars(table: Any) -> None:
    """Its tables are those of pandas; of a query some rows are read."""
    assert first_rows(table, 5).equals(LONG.head(5))
    assert to_numpy_or_pandas(table).equals(
        LONG.head(200 if isinstance(table, pl.DataFrame) else 100)
    )


def test_arrow() -> None:
    """Its tables are those of pandas."""
    assert first_rows(pa.Table.from_pandas(LONG), 5).equals(LONG.head(5))
