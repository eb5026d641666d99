"""``AddCatalogDictHook``: a catalog in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset

from .base import TrackingHook

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


class AddCatalogDictHook(TrackingHook):
    """Adds datasets that are made in Python to the catalog, beside or instead of catalog.yml.

    Args:
        catalog_dict: Dataset name -> dataset, or a dict as in catalog.yml.

    Example:
        >>> from mlflow_on_kedro import MLflowDataset
        >>> HOOKS = (AddCatalogDictHook({"score": MLflowDataset(dataset="m")}),)
    """

    def __init__(
        self, catalog_dict: Mapping[str, AbstractDataset[Any, Any] | dict[str, Any]]
    ) -> None:
        super().__init__()
        self._catalog_dict = dict(catalog_dict)

    @hook_impl(tryfirst=True)
    def after_catalog_created(self, catalog: CatalogProtocol) -> None:
        """Add the datasets; one that catalog.yml names as well is replaced."""
        for name, dataset in self._catalog_dict.items():
            catalog[name] = (
                dataset
                if isinstance(dataset, AbstractDataset)
                else AbstractDataset.from_config(name, dataset)
            )
        super().after_catalog_created(catalog)
