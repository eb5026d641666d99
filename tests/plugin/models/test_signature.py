"""models/signature.py: signatures and input examples, given or taken from datasets."""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from kedro.io import DatasetError
from mlflow_on_kedro.models.signature import Signature, first_rows, make_example
from sklearn.linear_model import LogisticRegression

FEATURES = pd.DataFrame({"size": [0.5, 1.5, 2.5, 3.5], "weight": [1.0, 2.0, 3.0, 4.0]})
LABELS = pd.Series(["a", "a", "b", "b"], name="kind")
DATA = {"features": FEATURES, "labels": LABELS}
COLUMNS = [("size", "double"), ("weight", "double")]


@pytest.fixture(scope="module")
def model() -> LogisticRegression:
    """A classifier of FEATURES."""
    return LogisticRegression().fit(FEATURES, LABELS)


def columns(schema: Any) -> list[tuple[str, str]]:
    """Names and types of a schema's columns."""
    return [(item["name"], item["type"]) for item in schema.to_dict()]


def test_name_of_a_dataset(model: Any) -> None:
    """Its columns are the inputs; the outputs are what the model predicts for it."""
    made = Signature.from_arg("features").make(model, DATA.__getitem__, "model")
    assert columns(made.inputs) == COLUMNS
    assert [item["type"] for item in made.outputs.to_dict()] == ["tensor"]


def test_names_for_both(model: Any) -> None:
    """Outputs, too, may be those of a dataset; params are values."""
    given = {"inputs": "features", "outputs": "labels", "params": {"threshold": 0.5}}
    made = Signature.from_arg(given).make(model, DATA.__getitem__, "model")
    assert columns(made.outputs) == [("kind", "string")]
    assert [item["name"] for item in made.params.to_dict()] == ["threshold"]


def test_polars(model: Any) -> None:
    """A Polars table has the signature that it has as pandas."""
    data = {"features": pl.from_pandas(FEATURES)}
    made = Signature.from_arg("features").make(model, data.__getitem__, "model")
    assert columns(made.inputs) == COLUMNS
    assert made.outputs is not None


@pytest.mark.parametrize(
    "convert", [lambda table: pl.from_pandas(table).lazy(), pa.Table.from_pandas]
)
def test_tables_whose_columns_have_no_index(model: Any, convert: Any) -> None:
    """A query of Polars and a table of Arrow have the signature and example that pandas' have."""
    data = {"features": convert(FEATURES.assign(kind=LABELS))}
    made = Signature.from_arg("features").make(model, data.__getitem__, "model")
    assert columns(made.inputs) == COLUMNS
    assert list(make_example("features", model, data.__getitem__).columns) == ["size", "weight"]


def test_a_column_without_a_type(caplog: pytest.LogCaptureFixture) -> None:
    """A column of durations may have any type; the others keep their own, and none is lost."""
    table = FEATURES.assign(age=pd.to_timedelta([1, 2, 3, 4], unit="s"))
    made = Signature.from_arg("rows").make(object(), {"rows": table}.__getitem__, "model")
    assert columns(made.inputs) == [*COLUMNS, ("age", "any")]
    assert [column.required for column in made.inputs] == [True, True, False]
    assert caplog.messages == []


@pytest.mark.parametrize(
    "data", [scipy.sparse.csr_array([[1.0]]), pd.DataFrame([[1, 2]], columns=["a", "a"])], ids=type
)
def test_data_without_types(data: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What MLflow cannot describe gives no signature, which would be a wrong one."""
    assert Signature.from_arg("rows").make(object(), {"rows": data}.__getitem__, "model") is None
    (message,) = caplog.messages
    assert message.startswith("'model' has no signature, because MLflow has no types for 'rows' (")


@pytest.mark.parametrize("table", [pd.DataFrame, pl.DataFrame])
def test_table_with_more_columns_than_the_model_takes(model: Any, table: Any) -> None:
    """The column that it predicts is in no signature and no example."""
    data = {"rows": table({"kind": list("aabb"), "weight": [1.0] * 4, "size": [2.0] * 4})}
    made = Signature.from_arg("rows").make(model, data.__getitem__, "model")
    assert columns(made.inputs) == COLUMNS
    assert made.outputs is not None
    example = make_example("rows", model, data.__getitem__)
    assert list(example.columns) == ["size", "weight"]


def test_integers_are_said_by_nobody(model: Any, recwarn: pytest.WarningsRecorder) -> None:
    """MLflow's ten lines on integer columns are not for each run's log."""
    data = {"features": pd.DataFrame({"size": [1, 2], "weight": [1, 2]})}
    Signature.from_arg("features").make(model, data.__getitem__, "model")
    assert [str(item.message) for item in recwarn if "integer" in str(item.message)] == []


def test_schemas_as_in_an_mlmodel_file(model: Any) -> None:
    """Lists as a user writes them, or the text that is in the file."""
    parts = {
        "inputs": [{"name": "size", "type": "double"}],
        "outputs": '[{"type": "long"}]',
        "params": [{"name": "n", "type": "long", "default": 3, "shape": None}],
    }
    signature = Signature.from_arg(parts)
    signature.check()
    assert signature.datasets == []
    made = signature.make(model, DATA.__getitem__, "model")
    assert columns(made.inputs) == [("size", "double")]
    assert made.outputs.to_dict()[0]["type"] == "long"
    assert made.params.to_dict()[0]["default"] == 3


def test_mlflows_own(model: Any) -> None:
    """A ModelSignature is taken as it is, and so is False, which is none."""
    own = mlflow.models.infer_signature(FEATURES)
    assert Signature.from_arg(own).make(model, DATA.__getitem__, "m") is own
    assert Signature.from_arg(False).make(model, DATA.__getitem__, "m") is False


def test_model_that_does_not_predict(caplog: pytest.LogCaptureFixture) -> None:
    """Its columns are not what the model takes, so there is no signature, which is said."""
    made = Signature.from_arg("features").make(LogisticRegression(), DATA.__getitem__, "model")
    assert made is None
    assert "'model' has no signature, because it does not predict for 'features'" in caplog.text


def test_model_without_predict() -> None:
    """A model that has no `predict` has a signature of its inputs."""
    made = Signature.from_arg("features").make(object(), DATA.__getitem__, "model")
    assert (made.inputs is not None, made.outputs) == (True, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"input": "features"}, r"unknown key 'input'. Did you mean 'inputs'\?"),
        ({}, "is empty"),
        ({"inputs": None}, "is empty"),
        ({"inputs": [{"nome": "x"}]}, r"'inputs' must be the name of a dataset or a list such"),
        ({"inputs": [1]}, "'inputs' must be"),
        ({"outputs": "{broken"}, "'outputs' must be"),
        ({"inputs": "features", "params": 3}, "'params' must be"),
    ],
)
def test_wrong_signatures(given: Any, message: str) -> None:
    """They are found before the pipeline runs, and the message shows a right one."""
    with pytest.raises(DatasetError, match=message):
        Signature.from_arg(given).check()


def test_examples() -> None:
    """The first rows of a dataset, or a value as it is."""
    assert len(make_example("features", None, DATA.__getitem__)) == 4
    long = {"x": pd.concat([FEATURES] * 10)}
    assert len(make_example("x", None, long.__getitem__)) == 5
    assert make_example({"size": 1.0}, None, DATA.__getitem__) == {"size": 1.0}


@pytest.mark.parametrize(
    "data",
    [
        FEATURES,
        LABELS,
        np.zeros((4, 2)),
        [1, 2, 3, 4],
        pl.from_pandas(FEATURES),
        pl.Series([1, 2, 3]),
    ],
    ids=lambda data: type(data).__module__ + "." + type(data).__name__,
)
def test_first_rows(data: Any) -> None:
    """Tables, series, arrays and lists are cut; those of Polars become pandas'."""
    cut = first_rows(data, 2)
    assert len(cut) == 2
    assert not type(cut).__module__.startswith("polars")


def test_first_rows_of_anything_else() -> None:
    """A mapping or a text is taken whole."""
    assert first_rows({"a": [1, 2, 3]}, 2) == {"a": [1, 2, 3]}
    assert first_rows("text", 2) == "text"
