"""What was logged below a name: a flat mapping of MLflow's -> the value that it came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..journal import values
from ..utils import mlflow_limits

_NOT_THE_USERS = ("time/", "system/")


def below(logged: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What was logged as ``key`` or as ``key.…``, by the part of the name after that.

    With the key "" it is all but timings and what is known of the machine.

    Example:
        >>> below({"f1": 0.5, "f1.a": 0.25, "recall": 1.0}, "f1")
        {'': 0.5, 'a': 0.25}
        >>> below({"f1": 0.5, "time/pipeline": 2.0}, "")
        {'f1': 0.5}
    """
    if not key:
        return {name: logged[name] for name in logged if not name.startswith(_NOT_THE_USERS)}
    prefix = mlflow_limits.legal_key(key)
    return {
        name[len(prefix) + 1 :]: value
        for name, value in logged.items()
        if name == prefix or name.startswith(f"{prefix}.")
    }


def tree(leaves: Mapping[str, Any]) -> Any:
    """Make one value of what lies below a name.

    Raises:
        KeyError: There is nothing.

    Example:
        >>> tree({"a": 0.25, "b": 1.0}), tree({"": 0.5, "a": 0.25})
        ({'a': 0.25, 'b': 1.0}, 0.5)
    """
    if not leaves:
        raise KeyError
    # With a value of its own, what is below belongs to datasets of longer names.
    return leaves[""] if "" in leaves else values.unflatten(leaves)
