"""The table of flavors, and which of them a model belongs to: by its type, or by its MLmodel file.

To save models of another library with one of MLflow's flavors, add the library to the table. A
library that MLflow has no flavor for needs no change here: a user's module with ``save_model`` and
``load_model`` is a flavor, too (see :func:`.flavors.find_flavor`).
"""

from __future__ import annotations

import importlib.util
import types
from collections.abc import Iterable, Mapping
from typing import Any

from kedro.io import DatasetError

# Module of a class -> flavor. The first of a class and its bases that is listed here decides, so
# that XGBoost's estimators with scikit-learn's interface are XGBoost's. If a module and its parent
# are listed, the module decides.
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
PIP_NAMES = {"sklearn": "scikit-learn"}
"""Packages that have another name for pip -> that name."""
FORMATS_FOR_ANY_MODEL = {"sklearn": "cloudpickle", "lightgbm": "cloudpickle", "pytorch": "pickle"}
"""Flavor -> the serialization format that can save any of its models.

MLflow's own defaults are safe to load from strangers, but skops takes two seconds to import and
refuses the user's own classes and functions, and pt2 needs an example of the input to trace the
model.
"""
_PYFUNC = "python_function"
_LOADS = "_load_pyfunc"
"""The function that MLflow's pyfunc calls in a module that loads a model."""


def flavor_of(model: Any) -> str:
    """Return the name of a model's flavor; its library is not imported.

    Raises:
        DatasetError: No flavor is known for the model's type.

    Example:
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> flavor_of(DecisionTreeClassifier())
        'sklearn'
    """
    is_module = isinstance(model, types.ModuleType)
    if isinstance(model, types.FunctionType) or (is_module and is_loader_module(model)):
        return "pyfunc"  # its models may be functions, and modules that load a model
    for cls in type(model).__mro__:
        for module in _with_parents(cls.__module__):
            if module in _FLAVORS:
                return _FLAVORS[module]
    cls = type(model)
    raise DatasetError(
        f"There is no MLflow flavor for an object of type {cls.__module__}.{cls.__qualname__}: "
        "give `flavor`, or make it a mlflow.pyfunc.PythonModel. Flavors found by a model's type: "
        f"{', '.join(known_flavors())}."
    )


def known_flavors() -> list[str]:
    """Return the flavors that are found by a model's type."""
    return sorted(set(_FLAVORS.values()))


def is_loader_module(model: Any) -> bool:
    """Whether an object is a module, or its path, with which MLflow's pyfunc loads a model.

    The other strings that MLflow takes for a model are paths of Python files.

    Example:
        >>> is_loader_module("my_package.loader"), is_loader_module("models/mine.py")
        (True, False)
    """
    if isinstance(model, str):
        return not model.endswith(".py") and all(map(str.isidentifier, model.split(".")))
    return isinstance(model, types.ModuleType) and hasattr(model, _LOADS)


def package_of(flavor: str) -> str | None:
    """Return the package whose models a flavor saves; None if there are several or none.

    Example:
        >>> package_of("pytorch")
        'torch'
    """
    modules = [module for module, name in _FLAVORS.items() if name == flavor]
    packages = {module.partition(".")[0] for module in modules} - {"mlflow"}
    return packages.pop() if len(packages) == 1 else None


def saved_flavor(flavors: Mapping[str, Any]) -> str:
    """Return the flavor that loads the native object: MLflow's name of it, or its module.

    Args:
        flavors: The flavors in an ``MLmodel`` file.

    Example:
        >>> saved_flavor({"python_function": {}, "sklearn": {}})
        'sklearn'
    """
    native = next((name for name in flavors if name != _PYFUNC), None)
    if native is None:
        return "pyfunc"
    # The module of a flavor that is not MLflow's is also the loader of its pyfunc flavor.
    loader = str(flavors.get(_PYFUNC, {}).get("loader_module", "mlflow."))
    is_mlflows = loader.startswith("mlflow.") or importlib.util.find_spec(f"mlflow.{native}")
    return native if is_mlflows else loader


def _with_parents(module: str) -> Iterable[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]
