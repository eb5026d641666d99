"""From MLflow's flat names (``f1.train``, ``f1.test``) back to the value that was logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..utils import mlflow_limits
from ..utils.nested import unflatten

_PLUGIN_PREFIXES = ("time/", "system/")


def below(logged: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Select what was logged as ``key`` or ``key.…``, by the part of the name after ``key``.

    With the key "" everything is selected but timings and system metrics.

    Example:
        >>> below({"f1": 0.5, "f1.a": 0.25, "recall": 1.0}, "f1")
        {'': 0.5, 'a': 0.25}
        >>> below({"f1": 0.5, "system/time/pipeline": 2.0}, "")
        {'f1': 0.5}
    """
    if not key:
        return {name: logged[name] for name in logged if not name.startswith(_PLUGIN_PREFIXES)}
    prefix = mlflow_limits.legal_key(key)
    return {
        name[len(prefix) + 1 :]: value
        for name, value in logged.items()
        if name == prefix or name.startswith(f"{prefix}.")
    }


def nested(flat: Mapping[str, Any]) -> Any:
    """Rebuild the value from its flat names, as :func:`below` returns them.

    Raises:
        KeyError: The mapping is empty.

    Example:
        >>> nested({"a": 0.25, "b": 1.0}), nested({"": 0.5, "a": 0.25})
        ({'a': 0.25, 'b': 1.0}, 0.5)
    """
    if not flat:
        raise KeyError
    # If the name itself has a value, the names below it belong to other datasets.
    return flat[""] if "" in flat else unflatten(flat)
