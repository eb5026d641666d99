"""A small project: a pipeline that trains a model of prices, and one that predicts with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NODES = """
import pandas as pd
from kedro.pipeline import node, pipeline
from sklearn.linear_model import LinearRegression

class Encoder:
    \"\"\"A class of the project's own, as the model's data holds it.\"\"\"

    def __init__(self, codes):
        self.codes = codes

def make_features(raw):
    return raw[["size", "colour"]]

def train_encoder(raw):
    return Encoder({name: number for number, name in enumerate(sorted(set(raw["colour"])))})

def encode(features, encoder):
    return features.assign(colour=features["colour"].map(encoder.codes))

def train(encoded, raw, options):
    return LinearRegression().fit(encoded, raw["price"])

def predict(encoded, model, options):
    price = model.predict(encoded) * options["factor"]
    return pd.DataFrame({options["column"]: price.round(6)})

def create_pipeline():
    inference = create_inference()
    return pipeline([
        node(make_features, "raw", "features", name="make_features"),
        node(train_encoder, "raw", "encoder", name="train_encoder"),
        node(train, ["encoded", "raw", "params:options"], "model", name="train"),
    ]) + inference.only_nodes("encode")

def create_inference():
    return pipeline([
        node(encode, ["features", "encoder"], "encoded", name="encode"),
        node(predict, dict(encoded="encoded", model="model", options="params:options"),
             "prices", name="predict"),
        node(lambda prices: prices.sort_index(), "prices", "sorted_prices"),
    ])
"""
REGISTRY = """
from {package}.nodes import create_inference, create_pipeline

def register_pipelines():
    return {{"__default__": create_pipeline(), "inference": create_inference()}}
"""
DATASET = "mlflow_on_kedro.MLflowDataset"
CATALOG = {
    "raw": {"type": "pandas.CSVDataset", "filepath": "raw.csv"},
    "encoder": {"type": DATASET, "dataset": "pkl"},
    "model": {"type": "mlflow_on_kedro.MLflowModelDataset", "flavor": "sklearn"},
}
PARAMETERS = {"options": {"factor": 1.0, "column": "price", "unused": None}}
ENTRY = {"inference": "inference", "input": "features"}
RAW = "size,colour,price\n1.0,red,1\n2.0,blue,5\n3.0,red,3\n4.0,blue,7\n5.0,red,5\n6.0,blue,9\n"
# So a price is the size, and 3 more for blue.


def make_prices(make_project: Callable[..., Any], **given: Any) -> Any:
    """Make the project; further arguments are those of the fixture `make_project`."""
    content = {
        "catalog": CATALOG,
        "parameters": PARAMETERS,
        "mlflow": {
            "tracking": {"on_failure": "raise"},
            "pipeline_models": {"prices": dict(ENTRY)},
        },
        **given,
    }
    project = make_project(NODES, **content)
    source = f"src/{project.package}"
    project.write(f"{source}/pipeline_registry.py", REGISTRY.format(package=project.package))
    project.write("raw.csv", RAW)
    project.write("requirements.txt", "kedro>=1.0\nmlflow\npandas\nscikit-learn\nplotly\n")
    return project


def models_of(project: Any, run: Any) -> set[str]:
    """The names of the models that a run has logged."""
    outputs = project.client.get_run(run.info.run_id).outputs
    models = outputs.model_outputs if outputs is not None else []
    return {project.client.get_logged_model(item.model_id).name for item in models}
