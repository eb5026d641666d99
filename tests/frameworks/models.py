"""A small model of each framework: how it is trained, and what it predicts.

A framework is imported by what needs it only, so that this module can be read without any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 8, "b": [1.0, 0.5, 0.0, 2.0] * 8})
TARGET = pd.Series([1.0, 2.5, 4.0, 8.0] * 8, name="target")
LABELS = (TARGET > 3).astype(int)
ARRAY = ROWS.to_numpy("float32")


@dataclass(frozen=True)
class Model:
    """A framework's model.

    Attributes:
        package: The package to import.
        train: Makes the model.
        predict: What the native object predicts for the first rows, as plain numbers or texts.
        given: What the model is given as pyfunc. Default: the first rows.
        entry: More for the model's entry in the catalog.
    """

    package: str
    train: Callable[[], Any]
    predict: Callable[[Any], Any]
    given: Callable[[], Any] = lambda: ROWS.head(4)
    entry: dict[str, Any] | None = None


def _torch() -> Any:
    import torch

    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))


def _of_torch(model: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.from_numpy(ARRAY[:4])).numpy()


def _example_of_torch() -> Any:
    import torch

    return torch.from_numpy(ARRAY[:3])


def _scripted() -> Any:
    import torch

    return torch.jit.trace(_torch(), _example_of_torch())


def _lightning() -> Any:
    import lightning
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    class Regression(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 1)

        def forward(self, rows: Any) -> Any:
            return self.layer(rows)

        def training_step(self, batch: Any) -> Any:
            rows, target = batch
            loss = torch.nn.functional.mse_loss(self(rows), target)
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    torch.manual_seed(1)
    target = torch.tensor(TARGET.to_numpy("float32")).reshape(-1, 1)
    loader = DataLoader(TensorDataset(torch.from_numpy(ARRAY), target), batch_size=8)
    model = Regression()
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, loader)
    model.trainer = None
    return model.eval()


def _xgboost() -> Any:
    from xgboost import XGBRegressor

    return XGBRegressor(n_estimators=3).fit(ROWS, TARGET)


def _xgboost_booster() -> Any:
    import xgboost

    return xgboost.train({"max_depth": 2}, xgboost.DMatrix(ROWS, TARGET), 3)


def _of_booster(model: Any) -> Any:
    import xgboost

    return model.predict(xgboost.DMatrix(ROWS.head(4)))


def _lightgbm() -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=3, min_child_samples=1, verbose=-1).fit(ROWS, LABELS)


def _lightgbm_booster() -> Any:
    import lightgbm

    given = {"objective": "regression", "min_data_in_leaf": 1, "verbose": -1}
    return lightgbm.train(given, lightgbm.Dataset(ROWS, TARGET), 3)


def _catboost() -> Any:
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(iterations=3, silent=True, allow_writing_files=False)
    return model.fit(ROWS, TARGET)


def _statsmodels() -> Any:
    import statsmodels.api as sm

    return sm.OLS(TARGET, ROWS).fit()


def _keras() -> Any:
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(ARRAY, TARGET.to_numpy("float32"), epochs=1, verbose=0)
    return model


def spark() -> Any:
    """A session of Spark on this machine."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    return builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()


def _spark() -> Any:
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression

    rows = spark().createDataFrame(ROWS.assign(target=TARGET))
    assembler = VectorAssembler(inputCols=["a", "b"], outputCol="features")
    return Pipeline(stages=[assembler, LinearRegression(labelCol="target")]).fit(rows)


def _of_spark(model: Any) -> Any:
    rows = spark().createDataFrame(ROWS.head(4))
    return [row["prediction"] for row in model.transform(rows).collect()]


def _langchain() -> str:
    # From LangChain 1 on MLflow takes the file that makes a chain, and no object.
    return str(Path(__file__).with_name("chain.py"))


def _of_langchain(model: Any) -> Any:
    if isinstance(model, str):
        from tests.frameworks.chain import chain as model
    return [model.invoke({"topic": "wine"}).to_string()]


def _by_predict(model: Any) -> Any:
    return np.asarray(model.predict(ROWS.head(4)))


MODELS = {
    "torch": Model("torch", _torch, _of_torch, lambda: ARRAY[:4]),
    "torch-with-an-example": Model(
        "torch", _torch, _of_torch, lambda: ARRAY[:4], {"input_example": "example"}
    ),
    "torch-exported": Model(
        "torch",
        _torch,
        _of_torch,
        lambda: ARRAY[:4],
        {"input_example": "example", "save_args": {"serialization_format": "pt2"}},
    ),
    "torch-traced": Model("torch", _scripted, _of_torch, lambda: ARRAY[:4]),
    "lightning": Model("lightning", _lightning, _of_torch, lambda: ARRAY[:4]),
    "xgboost": Model("xgboost", _xgboost, _by_predict),
    "xgboost-booster": Model("xgboost", _xgboost_booster, _of_booster),
    "lightgbm": Model("lightgbm", _lightgbm, _by_predict),
    "lightgbm-booster": Model("lightgbm", _lightgbm_booster, _by_predict),
    "catboost": Model("catboost", _catboost, _by_predict),
    "statsmodels": Model("statsmodels", _statsmodels, _by_predict),
    "keras": Model("keras", _keras, lambda model: model.predict(ARRAY[:4], verbose=0)),
    "spark": Model("pyspark", _spark, _of_spark),
    "langchain": Model(
        "langchain", _langchain, _of_langchain, lambda: [{"topic": "wine"}], {"flavor": "langchain"}
    ),
}


def example() -> Any:
    """An example of the input as PyTorch's users have it."""
    return _example_of_torch()
