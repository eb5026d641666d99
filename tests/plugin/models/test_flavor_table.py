"""models/flavor_table.py: the flavor of an object, and of what was saved."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow.pyfunc import PythonModel
from mlflow_on_kedro.models.flavor_table import flavor_of, saved_flavor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def class_of(module: str, *bases: type) -> type:
    """A class that says that it is of a module."""
    return type("Thing", bases or (object,), {"__module__": module})


MODULES = {
    "catboost.core": "catboost",
    "keras.src.models.model": "keras",
    "langchain_core.runnables.base": "langchain",
    "lightgbm.basic": "lightgbm",
    "mlflow.pyfunc.model": "pyfunc",
    "onnx.onnx_ml_pb2": "onnx",
    "prophet.forecaster": "prophet",
    "pyspark.ml.base": "spark",
    "sentence_transformers.SentenceTransformer": "sentence_transformers",
    "sklearn.linear_model._logistic": "sklearn",
    "spacy.lang.en": "spacy",
    "statsmodels.regression.linear_model": "statsmodels",
    "tensorflow.python.module.module": "tensorflow",
    "torch.nn.modules.container": "pytorch",
    "transformers.pipelines.base": "transformers",
    "xgboost.core": "xgboost",
}


@pytest.mark.parametrize("module", MODULES)
def test_class_and_the_users_subclass_of_it(module: str) -> None:
    """A library's own class and a class of the project that is based on it have one flavor."""
    cls = class_of(module)
    assert flavor_of(cls()) == MODULES[module]
    assert flavor_of(class_of("my_project.models", cls)()) == MODULES[module]


def test_first_class_that_is_known_decides() -> None:
    """XGBoost's scikit-learn interface is XGBoost's, also in a subclass of the project's own."""
    estimator = class_of("xgboost.sklearn", BaseEstimator)
    assert flavor_of(estimator()) == "xgboost"
    assert flavor_of(class_of("my_project", estimator)()) == "xgboost"


def test_transformers_model_is_pytorchs() -> None:
    """MLflow's flavor for Transformers takes pipelines only."""
    assert flavor_of(class_of("transformers.models.bert", class_of("torch.nn.modules.module"))())


def test_real_objects() -> None:
    """Estimators, pipelines of them, the user's own, PythonModels and functions."""

    class Own(ClassifierMixin, BaseEstimator):
        pass

    class Doubler(PythonModel):
        def predict(self, context: Any, model_input: list[float]) -> list[float]:  # noqa: ARG002
            return model_input

    assert flavor_of(make_pipeline(StandardScaler())) == "sklearn"
    assert flavor_of(Own()) == "sklearn"
    assert flavor_of(Doubler()) == "pyfunc"
    assert flavor_of(lambda x: x) == "pyfunc"


@pytest.mark.parametrize("value", [1, "model", {}, None, class_of("xgboosted")()])
def test_no_model(value: Any) -> None:
    """The message names the type, what to do, and the flavors that are found."""
    with pytest.raises(DatasetError, match=r"type .*: give `flavor`, or make .* sklearn, .* xgb"):
        flavor_of(value)


def test_no_library_is_imported() -> None:
    """Only the names of modules are looked at."""
    flavor_of(class_of("tensorflow.keras")())
    assert "tensorflow" not in sys.modules


def test_saved_model() -> None:
    """The native flavor is preferred; a Python function is all that a PythonModel has."""
    assert saved_flavor({"python_function": {}, "xgboost": {}}) == "xgboost"
    assert saved_flavor({"python_function": {}}) == "pyfunc"
