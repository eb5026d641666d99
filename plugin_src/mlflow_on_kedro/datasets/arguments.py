"""A catalog entry's arguments, checked before Kedro makes the dataset."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kedro.io import DatasetError

from ..suggestions import did_you_mean

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
