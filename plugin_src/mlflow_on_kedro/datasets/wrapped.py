"""What Kedro-Viz shows of a dataset, handed through from the Kedro dataset that is wrapped.

Kedro-Viz asks any dataset for ``preview``, whose return annotation says how to draw it, for
``metadata``, and for the path of the file. It needs no import of Kedro-Viz to answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from ..utils import kedro_internals
from .formats import AnyDataset

PREVIEW = "preview"


def preview_of(
    local: Callable[[], AnyDataset], current: Callable[[], AnyDataset | None]
) -> Callable[..., Any]:
    """Return a function like the method ``preview`` of a wrapped dataset, with its signature.

    Args:
        local: Makes the dataset of the local file; asked at once, so it must not ask MLflow.
        current: Returns the dataset of the file to show; asked when the function is called.

    Raises:
        AttributeError: The wrapped dataset has no preview, or cannot be made.

    Example:
        >>> from kedro.io import MemoryDataset
        >>> preview_of(MemoryDataset, MemoryDataset)
        Traceback (most recent call last):
        AttributeError: 'MemoryDataset' object has no attribute 'preview'
    """
    try:
        method: Callable[..., Any] = getattr(local(), PREVIEW)
    except DatasetError as error:  # a package is missing, or the dataset has no name yet
        raise AttributeError(f"there is no preview: {error}") from error

    @functools.wraps(method)
    def preview(*args: Any, **kwargs: Any) -> Any:
        return getattr(current(), PREVIEW)(*args, **kwargs)

    return preview


def path_of(dataset: Any) -> str | None:
    """Return the path in the user's argument ``dataset``; None if it has none.

    Args:
        dataset: An extension, a dict as in a catalog, or a Kedro dataset, which is not made or
            asked anything that takes time.

    Example:
        >>> path_of({"type": "pandas.CSVDataset", "filepath": "data/a.csv"})
        'data/a.csv'
    """
    if isinstance(dataset, AbstractDataset):
        dataset = kedro_internals.description_of(dataset)
    if not isinstance(dataset, dict):
        return None
    path = dataset.get("filepath") or dataset.get("path")
    return str(path) if path else None


def metadata_of(dataset: Any) -> Any:
    """Return ``metadata`` in the user's argument ``dataset``; None if it has none.

    Example:
        >>> metadata_of({"type": "pandas.CSVDataset", "metadata": {"owner": "Zoë"}})
        {'owner': 'Zoë'}
    """
    return (
        dataset.get("metadata") if isinstance(dataset, dict) else getattr(dataset, "metadata", None)
    )
