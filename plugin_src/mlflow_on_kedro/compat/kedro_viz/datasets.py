"""``tracking.MetricsDataset`` and ``tracking.JSONDataset``, which kedro-datasets 7 removed.

They write the same versioned JSON files as before. Their values are logged by
:class:`~mlflow_on_kedro.hooks.catalog.MLflowCatalogLoggerHook`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from kedro.io import DatasetError
from kedro_datasets.json import JSONDataset as _JSONDataset

from .dataset_types import Kind


class JSONDataset(_JSONDataset):  # type: ignore[misc]  # kedro-datasets loads it lazily
    """Any values, in a JSON file that is versioned by default."""

    versioned = True
    tracking_kind: ClassVar[Kind] = "json"


class MetricsDataset(_JSONDataset):  # type: ignore[misc]
    """A dict of numbers, in a JSON file that is versioned by default."""

    versioned = True
    tracking_kind: ClassVar[Kind] = "metrics"

    def save(self, data: dict[str, Any]) -> None:
        """Save the numbers, as floats.

        Raises:
            DatasetError: The data are no dict of numbers.
        """
        try:
            numbers = {key: float(value) for key, value in data.items()}
        except (AttributeError, TypeError, ValueError) as error:
            raise DatasetError(f"A MetricsDataset takes a dict of numbers: {error}") from error
        super().save(numbers)
