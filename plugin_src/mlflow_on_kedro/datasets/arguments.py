"""A catalog entry's arguments, checked before Kedro makes the dataset."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kedro.io import DatasetError

from ..config import uri_checks
from ..utils.suggestions import did_you_mean

# Kedro removes these before it calls the class.
_KEDROS_OWN = frozenset({"type", "versioned", "version", "validator"})


def check_arguments(entry: Mapping[str, Any], cls: type) -> None:
    """Refuse what a dataset does not take; Kedro's own error names neither it nor the nearest.

    Args:
        entry: The dataset's entry in the catalog.
        cls: The dataset's class.

    Raises:
        DatasetError: An argument is unknown; the message names the nearest and all that there are.
    """
    takes = inspect.signature(cls).parameters
    for argument in entry:
        if argument not in takes and argument not in _KEDROS_OWN:
            raise DatasetError(
                f"{cls.__name__} does not take '{argument}'."
                f"{did_you_mean(str(argument), takes)} It takes: {', '.join(takes)}."
            )


def check_uri(argument: str, uri: str | None) -> None:
    """Refuse a tracking URI that no MLflow can be at.

    Raises:
        DatasetError: It is none; the message gives the nearest that is.
    """
    found = uri_checks.mistake(uri) if uri else None
    if found is not None:
        raise DatasetError(f"`{argument}` is {found}")


def check_values(name: str, entry: Mapping[str, Any], cls: type) -> None:
    """Make the dataset, to find values that it refuses; Kedro would add a traceback to its words.

    Args:
        name: The dataset's name; that of a dataset factory still has placeholders for values.
        entry: Its entry in the catalog.
        cls: Its class, which costs nothing to make.

    Raises:
        DatasetError: The class refuses a value.
    """
    if "{" not in name:
        cls(**{key: value for key, value in entry.items() if key not in _KEDROS_OWN})
