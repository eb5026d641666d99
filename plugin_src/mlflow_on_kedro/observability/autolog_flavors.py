"""MLflow's flavors of autologging: their functions, and the libraries that they patch."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..config.checks import FILE
from ..errors import ConfigError
from ..mlflow_internals import autolog_state
from ..utils.suggestions import did_you_mean

_FLAVOR = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

# MLflow names one library for a flavor. These others are patched, too, and either can be used
# without that one, or import it before their own import is complete.
_ALSO_WITH = {
    "anthropic": ("claude_agent_sdk",),
    "bedrock": ("botocore",),
    "gemini": ("google.generativeai",),
    "langchain": ("langchain_core",),
    "pytorch": ("lightning", "pytorch_lightning"),
}


def function_of(flavor: str, where: str = FILE) -> Callable[..., Any]:
    """Return MLflow's ``autolog`` of a flavor; only a few flavors import their library for it.

    Raises:
        ConfigError: MLflow has no such flavor.
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
    if not autolog_state.is_autolog_function(found):
        known = sorted(filter(_FLAVOR.fullmatch, autolog_state.library_of_flavors()))
        raise ConfigError(
            f"{where}: MLflow has no autologging for 'autolog.{flavor}'."
            f"{did_you_mean(flavor, known)} It has: {', '.join(known)}."
        )
    return found  # type: ignore[return-value]  # what has that attribute is a function


def check_arguments(flavor: str, arguments: Mapping[str, Any], where: str) -> None:
    """Raise an error for an argument that MLflow's ``autolog`` of a flavor does not take.

    Raises:
        ConfigError: The message names it and the nearest one; or MLflow has no such flavor.
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
    """Return the libraries whose import switches a flavor on, the best known one first."""
    return (autolog_state.library_of_flavors().get(flavor, flavor), *_ALSO_WITH.get(flavor, ()))


def is_installed(library: str) -> bool:
    """Whether a package or module is installed; it is not imported, only the package around it."""
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # the package around it
        return False
