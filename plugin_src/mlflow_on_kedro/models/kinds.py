"""Which MLflow flavor a model belongs to, from its type or from what was saved of it."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any

from kedro.io import DatasetError

# Module of a class -> flavor. Of a class and its bases the first that is here decides, so that
# scikit-learn's interface to XGBoost is XGBoost's; of two that fit a module the longer one.
_FLAVORS = {
    "catboost": "catboost",
    "dspy": "dspy",
    "h2o": "h2o",
    "keras": "keras",
    "langchain": "langchain",
    "langchain_core": "langchain",
    "lightgbm": "lightgbm",
    "llama_index": "llama_index",
    "mlflow.pyfunc.model": "pyfunc",
    "onnx": "onnx",
    "paddle": "paddle",
    "pmdarima": "pmdarima",
    "prophet": "prophet",
    "pyspark.ml": "spark",
    "sentence_transformers": "sentence_transformers",
    "sklearn": "sklearn",
    "spacy": "spacy",
    "statsmodels": "statsmodels",
    "tensorflow": "tensorflow",
    "tf_keras": "tensorflow",
    "torch": "pytorch",
    "transformers.pipelines": "transformers",
    "xgboost": "xgboost",
}
_PYFUNC = "python_function"


def flavor_of(model: Any) -> str:
    """Name the flavor of an object; its library is not imported.

    Raises:
        DatasetError: None is known for its type.

    Example:
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> flavor_of(DecisionTreeClassifier())
        'sklearn'
    """
    if isinstance(model, types.FunctionType):  # MLflow's pyfunc takes it for a model
        return "pyfunc"
    for cls in type(model).__mro__:
        for module in _with_parents(cls.__module__):
            if module in _FLAVORS:
                return _FLAVORS[module]
    cls = type(model)
    raise DatasetError(
        f"There is no MLflow flavor for an object of type {cls.__module__}.{cls.__qualname__}: "
        "give `flavor`, or make it a mlflow.pyfunc.PythonModel. Found by their type are models of "
        f"{', '.join(sorted(set(_FLAVORS.values())))}."
    )


def package_of(flavor: str) -> str | None:
    """The package that a flavor's models are of; None for one that takes models of many.

    Example:
        >>> package_of("pytorch")
        'torch'
    """
    modules = [module for module, name in _FLAVORS.items() if name == flavor]
    packages = {module.partition(".")[0] for module in modules} - {"mlflow"}
    return packages.pop() if len(packages) == 1 else None


def flavor_saved(flavors: Mapping[str, Any]) -> str:
    """Name the flavor that gives the native object back.

    Args:
        flavors: Those in an ``MLmodel`` file.

    Example:
        >>> flavor_saved({"python_function": {}, "sklearn": {}})
        'sklearn'
    """
    native = [name for name in flavors if name != _PYFUNC]
    return native[0] if native else "pyfunc"


def _with_parents(module: str) -> Iterable[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]
