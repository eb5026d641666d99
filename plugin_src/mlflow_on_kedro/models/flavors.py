"""MLflow's flavors: found by name, and called the way each of them wants it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from kedro.io import DatasetError

from .. import environment
from .kinds import package_of

# The argument that takes the model where it is not the first one.
_MODEL_ARGUMENT = {"pyfunc": "python_model"}

# Packages that pip knows by another name.
_PIP_NAMES = {"sklearn": "scikit-learn"}

_FORMAT, _ANY_MODEL = "serialization_format", "cloudpickle"


def find_flavor(name: str) -> ModuleType:
    """Import a flavor.

    Raises:
        DatasetError: MLflow has no such flavor, or the flavor's package is not installed.
    """
    if not name.isidentifier():
        raise DatasetError(f"flavor: {name!r} is no MLflow flavor: give a name such as sklearn.")
    try:
        flavor = importlib.import_module(f"mlflow.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"mlflow.{name}":
            raise DatasetError(
                f"MLflow has no flavor {name!r}: see https://mlflow.org/docs/latest/ml/model/ "
                "for their names."
            ) from None
        raise missing_package(name, error) from None
    if not callable(getattr(flavor, "log_model", None)):
        raise DatasetError(f"mlflow.{name} is no flavor: it has no log_model.")
    return flavor


def check_flavor(name: str) -> None:
    """Find a flavor that cannot be used before a model is trained for it.

    Those whose package is known are not imported for it, nor is MLflow.

    Raises:
        DatasetError: As :func:`find_flavor`.
    """
    package = package_of(name)
    if package is None:
        find_flavor(name)
    elif importlib.util.find_spec(package) is None:
        raise missing_package(name, ModuleNotFoundError(name=package))


def missing_package(flavor: str, error: ModuleNotFoundError) -> DatasetError:
    """Say which command installs what a flavor needs."""
    package = str(error.name).partition(".")[0]
    return DatasetError(
        f"flavor: {flavor} needs a package that is not installed: run "
        f"`pip install {_PIP_NAMES.get(package, package)}`."
    )


def with_defaults(
    name: str, flavor: ModuleType, model: Any, given: dict[str, Any]
) -> dict[str, Any]:
    """Add what makes saving fast and able to save any model, where the user does not choose.

    Args:
        name: The flavor's name.
        flavor: The flavor.
        model: The model.
        given: The arguments of ``save_model``.
    """
    if name == "sklearn" and _saves_by_skops(flavor) and environment.allows_pickle():
        # MLflow's own choice is skops, which takes two seconds to import, and which refuses the
        # user's own classes and functions.
        given = {_FORMAT: _ANY_MODEL, **given}
    return _with_requirements(flavor, model, given)


@contextmanager
def saving_quietly(given: dict[str, Any]) -> Iterator[None]:
    """Leave out MLflow's word on a format of scikit-learn's models that the user did not choose."""
    logger = logging.getLogger("mlflow.sklearn")
    if _FORMAT in given:
        yield
        return
    logger.addFilter(_without_caution)
    try:
        yield
    finally:
        logger.removeFilter(_without_caution)


def _without_caution(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("Saving scikit-learn models in the pickle")


def _saves_by_skops(flavor: ModuleType) -> bool:
    tell = getattr(flavor, "get_default_pip_requirements", None)
    return tell is not None and "include_skops" in inspect.signature(tell).parameters


def _with_requirements(flavor: ModuleType, model: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Add a flavor's own requirements, so that MLflow need not find them out by loading it."""
    if {"pip_requirements", "conda_env"} & given.keys():
        return given
    defaults = _requirements(flavor, model, given.get("serialization_format"))
    if defaults is None:
        return given
    extra = given.get("extra_pip_requirements") or []
    more = [f"-r {extra}"] if isinstance(extra, str) else list(extra)
    rest = {key: value for key, value in given.items() if key != "extra_pip_requirements"}
    return {**rest, "pip_requirements": [*defaults, *more]}


def _requirements(flavor: ModuleType, model: Any, serialization: str | None) -> list[str] | None:
    """The flavor's requirements; None for a flavor that does not tell them."""
    tell = getattr(flavor, "get_default_pip_requirements", None)
    if tell is None:
        return None
    takes = inspect.signature(tell).parameters
    # MLflow knows the format in which it saves only then; each of them needs its own package.
    includes = {
        f"include_{package}": True
        for package in ("skops", "cloudpickle")
        if f"include_{package}" in takes and serialization in (None, package)
    }
    needs_model = any(item.default is item.empty for item in takes.values())
    return list(tell(model, **includes) if needs_model else tell(**includes))


def call(function: Any, flavor: str, model: Any, **arguments: Any) -> None:
    """Call ``log_model`` or ``save_model`` of a flavor with the model where it belongs."""
    keyword = _MODEL_ARGUMENT.get(flavor)
    if keyword:
        function(**{keyword: model}, **arguments)
    else:
        function(model, **arguments)
