"""Models of the frameworks themselves: saved in a pipeline, and loaded back from its run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mlflow_on_kedro import MLflowModelDataset

from tests.frameworks import models
from tests.frameworks.models import MODELS

pytestmark = [
    pytest.mark.frameworks,
    # The frameworks warn about themselves and each other.
    pytest.mark.filterwarnings("ignore"),
]

NODES = """
    import numpy as np
    from kedro.pipeline import node, pipeline

    from tests.frameworks import models

    MODEL = models.MODELS["{name}"]

    def train():
        model = MODEL.train()
        return model, np.asarray(MODEL.predict(model)).tolist()

    def predict(model):
        return np.asarray(MODEL.predict(model)).tolist()

    def create_pipeline(**_):
        nodes = [
            node(train, None, ["model", "expected"], name="train"),
            node(predict, "model", "predicted", name="predict"),
        ]
        if (MODEL.entry or {{}}).get("input_example") == "example":
            nodes.insert(0, node(models.example, None, "example", name="example"))
        return pipeline(nodes)
"""


def json_file(name: str) -> dict[str, str]:
    """The entry of a JSON file."""
    return {"type": "json.JSONDataset", "filepath": f"{name}.json"}


@pytest.mark.parametrize("name", MODELS)
def test_a_model(make_project: Callable[..., Any], name: str) -> None:
    """It predicts the same in the next node, and when it is loaded natively and as pyfunc."""
    model = MODELS[name]
    pytest.importorskip(model.package)
    if model.package == "pyspark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    entry = {"type": "mlflow_on_kedro.MLflowModelDataset", **(model.entry or {})}
    catalog = {"model": entry, "expected": json_file("expected"), "predicted": json_file("pred")}
    project = make_project(NODES.format(name=name), catalog=catalog)
    project.session_run()
    assert project.run.info.status == "FINISHED"

    expected, predicted = (
        json.loads((project.root / f"{file}.json").read_text()) for file in ("expected", "pred")
    )
    same(predicted, expected)
    shutil.rmtree(project.root / "data")
    where = {"run_id": project.run.info.run_id, "tracking_uri": project.uri}
    native = MLflowModelDataset(dataset_name="model", **where).load()
    same(model.predict(native), expected)
    pyfunc = MLflowModelDataset(dataset_name="model", pyfunc=True, **where).load()
    same(pyfunc.predict(model.given()), expected)


def test_the_signature_of_spark() -> None:
    """It is of the columns that the model takes, not of its label, and of its predictions."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from mlflow_on_kedro.models.signature import Signature, make_example

    model = MODELS["spark"].train()
    table = models.spark().createDataFrame(models.ROWS.assign(target=models.TARGET))
    signature = Signature.from_arg("table")
    assert signature is not None
    made = signature.make(model, lambda _: table, "model")
    assert made.inputs.input_names() == list(models.ROWS.columns)
    assert made.outputs.input_names() == ["prediction"]
    assert made.outputs.input_types()[0].name == "double"
    example = make_example("table", model, lambda _: table)
    assert list(example.columns) == list(models.ROWS.columns)
    scaler = model.stages[0]  # it predicts nothing
    assert signature.make(scaler, lambda _: table, "scaler").outputs is None


def same(found: Any, expected: Any) -> None:
    """Whether predictions are the same, but for the last digits of numbers."""
    found = np.asarray(found)
    if found.dtype.kind in "OU":
        assert expected[0] in str(found.ravel()[0])
    else:
        np.testing.assert_allclose(found.ravel(), np.asarray(expected).ravel(), rtol=1e-4)
