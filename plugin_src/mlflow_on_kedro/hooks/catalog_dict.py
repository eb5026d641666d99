"""``AddCatalogDictHook``: a catalog in Python."""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import AbstractDataset

from ..datasets.tracked import TrackedDataset
from .base import TrackingHook
from .catalog_setup import add_to_catalog, prepare_context, prepare_datasets

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol


class AddCatalogDictHook(TrackingHook):
    """Adds datasets that are created in Python to the catalog, beside or instead of catalog.yml.

    Args:
        catalog_dict: Dataset name -> dataset, or a dict as in catalog.yml. Kedro treats the
            credentials, versions, relative paths and patterns in it as those in catalog.yml.

    Example:
        >>> from mlflow_on_kedro import MLflowDataset
        >>> HOOKS = (AddCatalogDictHook({"score": MLflowDataset(dataset="m")}),)
    """

    def __init__(
        self, catalog_dict: Mapping[str, AbstractDataset[Any, Any] | dict[str, Any]]
    ) -> None:
        super().__init__()
        self._datasets: dict[str, AbstractDataset[Any, Any]] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        for name, given in catalog_dict.items():
            if isinstance(given, AbstractDataset):
                self._datasets[name] = given
            else:
                self._entries[name] = given

    @hook_impl(hookwrapper=True)
    def after_context_created(  # type: ignore[override]  # a wrapper, to be the first
        self, context: KedroContext
    ) -> Generator[None, None, None]:
        """Add the dicts to the content of catalog.yml, or replace entries of the same names."""
        add_to_catalog(context, self._entries)
        yield
        prepare_context(context)

    @hook_impl(tryfirst=True)
    def after_catalog_created(
        self, catalog: CatalogProtocol[Any, Any], parameters: dict[str, Any]
    ) -> None:
        """Add the datasets, or replace those of catalog.yml with the same names."""
        super().after_catalog_created(catalog, parameters)
        # Each session gets copies, because a dataset is bound to the run that it logs to.
        datasets = {name: _copy(dataset) for name, dataset in self._datasets.items()}
        for name, dataset in datasets.items():
            catalog[name] = dataset
        prepare_datasets(catalog, datasets)


def _copy(dataset: AbstractDataset[Any, Any]) -> AbstractDataset[Any, Any]:
    try:
        return copy.deepcopy(dataset) if isinstance(dataset, TrackedDataset) else dataset
    except Exception:
        return dataset  # its backend has something that cannot be copied, such as a connection
