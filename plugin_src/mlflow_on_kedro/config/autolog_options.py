"""The value of ``autolog`` in mlflow.yml, checked without MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ..errors import ConfigError


def parse(value: Any, where: str = "mlflow.yml") -> Literal[True] | dict[str, dict[str, Any]]:
    """Return the flavors whose autologging is on, each with its arguments.

    Args:
        value: ``true``, ``false``, or a mapping of flavors to ``true``, ``false``, nothing (which
            means ``true``) or the arguments of the flavor's ``autolog``.
        where: The name of the file, for messages.

    Returns:
        True for all flavors that MLflow has, else flavors and their arguments.

    Raises:
        ConfigError: The value is none of these.

    Example:
        >>> parse({"sklearn": {"log_models": False}, "xgboost": True, "keras": False})
        {'sklearn': {'log_models': False}, 'xgboost': {}}
    """
    if value is True:
        return True
    if value is False or value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{where}: 'autolog' must be true, false, or flavors with their arguments, as in "
            f"{{sklearn: {{log_models: false}}}}: {value!r}"
        )
    return {
        str(flavor): _arguments(str(flavor), given, where)
        for flavor, given in value.items()
        if given is not False
    }


def _arguments(flavor: str, given: Any, where: str) -> dict[str, Any]:
    if given is True or given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{where}: 'autolog.{flavor}' must be true, false, or arguments, as in "
            f"{{log_models: false}}: {given!r}"
        )
    return {str(name): value for name, value in given.items()}
