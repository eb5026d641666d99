"""``context.mlflow.server`` and ``.tracking``: the configuration under kedro-mlflow's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .mlflow_yml import KEYS

_STRATEGIES = {"error": "fail"}
"""A value here -> its word in kedro-mlflow."""


class ConfigView:
    """A section of kedro-mlflow's configuration.

    Args:
        section: The section, such as ``tracking.experiment``.
        value_of: A function from a key of this plugin, such as ``experiment.name``, to its value.
        others: Further attributes: a key of kedro-mlflow -> a function without arguments.

    Example:
        >>> tracking = ConfigView("tracking", {"experiment.name": "wine"}.get, {})
        >>> tracking.experiment.name
        'wine'
    """

    def __init__(
        self,
        section: str,
        value_of: Callable[[str], Any],
        others: dict[str, Callable[[], Any]],
    ) -> None:
        self._section = section
        self._value_of = value_of
        self._others = others

    def __getattr__(self, name: str) -> Any:
        key = f"{self._section}.{name}"
        others = self.__dict__.get("_others", {})
        if key in others:
            return others[key]()
        new = KEYS[key].new if key in KEYS else None
        if new is not None:
            value = self._value_of(new)
            return _STRATEGIES.get(value, value) if isinstance(value, str) else value
        if any(known.startswith(f"{key}.") for known in KEYS):
            return ConfigView(key, self._value_of, others)
        raise AttributeError(f"kedro-mlflow's configuration has no {key!r} in this plugin")

    def __repr__(self) -> str:
        return f"<kedro-mlflow's {self._section}>"
