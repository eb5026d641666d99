"""Find flavors by their names, MLflow's and others, and save models with them."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from kedro.io import DatasetError

from ..utils import environment
from ..utils.suggestions import did_you_mean
from .flavor_table import (
    FORMATS_FOR_ANY_MODEL,
    PIP_NAMES,
    is_loader_module,
    known_flavors,
    package_of,
)

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

_FORMAT = "serialization_format"
_CAUTION = re.compile(r"Saving .* format requires exercising caution", re.IGNORECASE)
_NO_PIP = "Failed to resolve installed pip version"


def find_flavor(name: str) -> ModuleType:
    """Import a flavor: one of MLflow's, or any module with ``save_model`` and ``load_model``.

    Args:
        name: MLflow's name of it, such as ``sklearn``, or the module's path, such as
            ``my_package.flavors.mine``.

    Raises:
        DatasetError: There is no flavor of this name, or a package that it needs is not installed.
    """
    if not isinstance(name, str) or not _MODULE.fullmatch(name):
        raise DatasetError(
            f"flavor: {name!r} is no name of a flavor: give one of MLflow, such as sklearn, or the "
            "path of a module, such as my_package.flavors.mine."
        )
    paths = [name] if "." in name else [f"mlflow.{name}", name]
    module = next(filter(None, (_import(path, name) for path in paths)), None)
    if module is None:
        raise DatasetError(
            f"There is no flavor {name!r}: "
            + (
                "no such module can be imported."
                if "." in name
                else f"MLflow has none, and no module has this name.{_suggestion(name)}"
            )
        )
    for function in ("save_model", "load_model"):
        if not callable(getattr(module, function, None)):
            raise DatasetError(
                f"{module.__name__} is no flavor: it has no {function}.{_suggestion(name)}"
            )
    return module


def _import(path: str, flavor: str) -> ModuleType | None:
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{path}.".startswith(f"{error.name}."):
            return None
        raise missing_package(flavor, error) from None
    except Exception as error:  # a user's module may raise anything
        raise DatasetError(f"The flavor {flavor!r} cannot be imported: {error!r}") from error


def _suggestion(name: str) -> str:
    return did_you_mean(name, known_flavors()) if "." not in name else ""


def check_flavor(name: str) -> None:
    """Check before a model is trained that its flavor can be used.

    If the flavor's package is known, neither the package nor MLflow is imported.

    Raises:
        DatasetError: As :func:`find_flavor`.
    """
    package = package_of(name)
    if package is None:
        find_flavor(name)
    elif importlib.util.find_spec(package) is None:
        raise missing_package(name, ModuleNotFoundError(name=package))


def missing_package(flavor: str, error: ModuleNotFoundError) -> DatasetError:
    """Make the error for a missing package, with the command that installs it."""
    package = str(error.name).partition(".")[0]
    return DatasetError(
        f"flavor: {flavor} needs a package that is not installed: run "
        f"`pip install {PIP_NAMES.get(package, package)}`."
    )


def with_defaults(flavor: ModuleType, model: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Add the arguments that make saving fast and able to save any model, unless they are given.

    Args:
        flavor: The flavor.
        model: The model.
        given: The arguments of ``save_model``.
    """
    any_model = FORMATS_FOR_ANY_MODEL.get(flavor.__name__.removeprefix("mlflow."))
    is_chosen = bool({_FORMAT, "export_model"} & given.keys())
    if any_model and not is_chosen and _takes(flavor.save_model, _FORMAT):
        if environment.allows_pickle():
            given = {_FORMAT: any_model, **given}
        elif _can_save_skops(flavor):  # not every MLflow that can does so by itself
            given = {_FORMAT: "skops", **given}
    return _with_requirements(flavor, model, given)


def _can_save_skops(flavor: ModuleType) -> bool:
    provide = getattr(flavor, "get_default_pip_requirements", None)
    return provide is not None and _takes(provide, "include_skops")


@contextmanager
def saving_quietly(given: dict[str, Any]) -> Iterator[None]:
    """Silence two warnings of MLflow that the user can do nothing about.

    One is about a serialization format that the user did not choose, the other about an environment
    without pip, as uv makes them.
    """
    with ExitStack() as stack:
        environments = logging.getLogger("mlflow.utils.environment")
        environments.addFilter(_is_not_about_pip)
        stack.callback(environments.removeFilter, _is_not_about_pip)
        if _FORMAT not in given:
            for flavor in FORMATS_FOR_ANY_MODEL:
                logger = logging.getLogger(f"mlflow.{flavor}")
                logger.addFilter(_is_no_caution_warning)
                stack.callback(logger.removeFilter, _is_no_caution_warning)
            # MLflow 3.9 warns in another way. Threads share the filters, so this one stays.
            warnings.filterwarnings("ignore", _CAUTION.pattern, FutureWarning)
        yield


def _is_no_caution_warning(record: logging.LogRecord) -> bool:
    return not _CAUTION.match(record.getMessage())


def _is_not_about_pip(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(_NO_PIP)


def _takes(function: Callable[..., Any], argument: str) -> bool:
    return argument in inspect.signature(function).parameters


def _with_requirements(flavor: ModuleType, model: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Add the flavor's default requirements; otherwise MLflow loads the model to find them."""
    if {"pip_requirements", "conda_env"} & given.keys():
        return given
    defaults = _requirements(flavor, model, given.get(_FORMAT))
    if defaults is None:
        return given
    extra = given.get("extra_pip_requirements") or []
    more = [f"-r {extra}"] if isinstance(extra, str) else list(extra)
    rest = {key: value for key, value in given.items() if key != "extra_pip_requirements"}
    return {**rest, "pip_requirements": [*defaults, *more]}


def _requirements(flavor: ModuleType, model: Any, serialization: str | None) -> list[str] | None:
    """Return the flavor's requirements; None for a flavor that does not provide or take them."""
    provide = getattr(flavor, "get_default_pip_requirements", None)
    if provide is None or not _takes(flavor.save_model, "pip_requirements"):
        return None
    takes = inspect.signature(provide).parameters
    # MLflow chooses the format only when it saves; each format needs its own package.
    includes = {
        f"include_{package}": True
        for package in ("skops", "cloudpickle")
        if f"include_{package}" in takes and serialization in (None, package)
    }
    needs_model = any(item.default is item.empty for item in takes.values())
    return list(provide(model, **includes) if needs_model else provide(**includes))


def save(flavor: ModuleType, model: Any, **arguments: Any) -> None:
    """Call a flavor's ``save_model`` with the model as the right argument.

    It is the first argument of all flavors but MLflow's pyfunc, which has one argument for a model
    in Python and another for a module that loads one.
    """
    if flavor.__name__ != "mlflow.pyfunc":
        flavor.save_model(model, **arguments)
    elif is_loader_module(model):
        name = model.__name__ if isinstance(model, ModuleType) else model
        if "code_paths" not in arguments and _import(name, name) is None:
            raise DatasetError(
                f"There is no module {name!r} to load the model with. MLflow's pyfunc takes a "
                "PythonModel, a function, the path of a Python file, or of a module with "
                "`_load_pyfunc`."
            )
        flavor.save_model(loader_module=name, **arguments)
    else:
        flavor.save_model(python_model=model, **arguments)
