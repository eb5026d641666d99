"""Which MLflow flavor a model belongs to, from its type or from what was saved of it."""

from __future__ import annotations

import importlib.util
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
_LOADS = "_load_pyfunc"
"""The function of a module that MLflow's pyfunc loads a model with."""


def flavor_of(model: Any) -> str:
    """Name the flavor of an object; its library is not imported.

    Raises:
        DatasetError: None is known for its type.

    Example:
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> flavor_of(DecisionTreeClassifier())
        'sklearn'
    """
    is_module = isinstance(model, types.ModuleType)
    if isinstance(model, types.FunctionType) or (is_module and is_loader_module(model)):
        return "pyfunc"  # which takes a function for a model, and a module that loads one
    for cls in type(model).__mro__:
        for module in _with_parents(cls.__module__):
            if module in _FLAVORS:
                return _FLAVORS[module]
    cls = type(model)
    raise DatasetError(
        f"There is no MLflow flavor for an object of type {cls.__module__}.{cls.__qualname__}: "
        "give `flavor`, or make it a mlflow.pyfunc.PythonModel. Found by their type are models of "
        f"{', '.join(known_flavors())}."
    )


def known_flavors() -> list[str]:
    """The flavors that are found by a model's type."""
    return sorted(set(_FLAVORS.values()))


def is_loader_module(model: Any) -> bool:
    """Whether an object is a module, or the path of one, that MLflow's pyfunc loads a model with.

    The other texts that MLflow takes for a model are names of Python files.

    Example:
        >>> is_loader_module("my_package.loader"), is_loader_module("models/mine.py")
        (True, False)
    """
    if isinstance(model, str):
        return not model.endswith(".py") and all(map(str.isidentifier, model.split(".")))
    return isinstance(model, types.ModuleType) and hasattr(model, _LOADS)


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
    """Name the flavor that gives the native object back: MLflow's, or the module that has it.

    Args:
        flavors: Those in an ``MLmodel`` file.

    Example:
        >>> flavor_saved({"python_function": {}, "sklearn": {}})
        'sklearn'
    """
    native = next((name for name in flavors if name != _PYFUNC), None)
    if native is None:
        return "pyfunc"
    # A flavor of somebody else's is known by the module that is its pyfunc's loader, too.
    loader = str(flavors.get(_PYFUNC, {}).get("loader_module", "mlflow."))
    is_own = loader.startswith("mlflow.") or importlib.util.find_spec(f"mlflow.{native}")
    return native if is_own else loader


def _with_parents(module: str) -> Iterable[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]
