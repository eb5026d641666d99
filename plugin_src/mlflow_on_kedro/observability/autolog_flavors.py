"""MLflow's flavors of autologging: their functions, and the packages that they are for."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..config.checks import FILE
from ..errors import ConfigError
from ..utils.suggestions import did_you_mean

_FLAVOR = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

# Beside the library that MLflow names for a flavor: packages that are used without it, and those
# that import it while they are not whole themselves, though MLflow patches them, too.
_ALSO_WITH = {
    "anthropic": ("claude_agent_sdk",),
    "bedrock": ("botocore",),
    "gemini": ("google.generativeai",),
    "langchain": ("langchain_core",),
    "pytorch": ("lightning", "pytorch_lightning"),
}


def function_of(flavor: str, where: str = FILE) -> Callable[..., Any]:
    """MLflow's ``autolog`` of a flavor; it does not import the flavor's library, but for a few.

    Raises:
        ConfigError: There is none.
    """
    name = f"mlflow.{flavor}"
    found = None
    if _FLAVOR.fullmatch(flavor):
        try:
            found = getattr(importlib.import_module(name), "autolog", None)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise ConfigError(
                    f"{where}: 'autolog.{flavor}' needs the package {error.name}, which is not "
                    "installed."
                ) from None
    if not hasattr(found, "integration_name"):
        known = sorted(name for name in _libraries() if _FLAVOR.fullmatch(name))
        raise ConfigError(
            f"{where}: MLflow has no autologging for 'autolog.{flavor}'."
            f"{did_you_mean(flavor, known)} It has: {', '.join(known)}."
        )
    return found  # type: ignore[return-value]  # what has that attribute is a function


def check_arguments(flavor: str, arguments: Mapping[str, Any], where: str) -> None:
    """Find an argument that MLflow's ``autolog`` of a flavor does not take.

    Raises:
        ConfigError: The message names it, and the nearest one; or MLflow has no such flavor.
    """
    takes = inspect.signature(function_of(flavor, where)).parameters
    takes_any = any(item.kind is item.VAR_KEYWORD for item in takes.values())
    for name, value in arguments.items():
        if name not in takes and takes_any:
            continue
        if name not in takes:
            raise ConfigError(
                f"{where}: 'autolog.{flavor}' does not take '{name}'."
                f"{did_you_mean(name, takes)} It takes: {', '.join(takes)}."
            )
        if isinstance(takes[name].default, bool) and not isinstance(value, bool):
            raise ConfigError(
                f"{where}: 'autolog.{flavor}.{name}' must be true or false: {value!r}"
            )


def libraries_of(flavor: str) -> tuple[str, ...]:
    """The packages with whose import a flavor is switched on, the best known one first."""
    return (_libraries().get(flavor, flavor), *_ALSO_WITH.get(flavor, ()))


def is_installed(library: str) -> bool:
    """Whether a package or module is there; it is not imported, but for the package it is in."""
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # the package that it is in
        return False


def _libraries() -> dict[str, str]:
    from mlflow.ml_package_versions import FLAVOR_TO_MODULE_NAME

    return dict(FLAVOR_TO_MODULE_NAME)
