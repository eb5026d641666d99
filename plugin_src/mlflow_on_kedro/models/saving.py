"""Saving a model to a local folder, whole or not at all, whoever else saves one there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from ..utils.replacing import beside, replace_folder, stamp
from .arguments import ModelArguments
from .flavors import find_flavor, missing_package, save, saving_quietly, with_defaults
from .kinds import flavor_of
from .mlmodel import MLMODEL

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

logger = logging.getLogger(__name__)


@contextmanager
def saved_model(
    folder: Path,
    model: Any,
    flavor: str | None,
    arguments: ModelArguments,
    catalog: CatalogProtocol[Any, Any] | None,
) -> Iterator[Path]:
    """Save a model to a place of its own, and then move it to its folder.

    The one that was there stays until the new one is whole.

    Args:
        folder: The folder, which holds a model if it is there.
        model: The model.
        flavor: The flavor's name; None: that of the model's type.
        arguments: How it is saved.
        catalog: Where the signature's datasets are; None: outside of a pipeline's run.

    Yields:
        The folder that holds this model and no other, whoever saves at the same time.

    Raises:
        DatasetError: The folder holds something else, the flavor is unknown or not installed, or a
            dataset cannot be loaded.
    """
    if folder.exists() and not (folder / MLMODEL).exists():
        raise DatasetError(
            f"{folder} is there already and holds no model, so it is not replaced: give "
            f"'{folder.name}' another `filepath`, a folder of its own."
        )
    name = flavor if flavor is not None else flavor_of(model)
    module = find_flavor(name)
    with beside(folder) as own:
        try:
            given = _for_flavor(folder.name, model, arguments, catalog)
            with saving_quietly(given):
                complete = with_defaults(module, model, given)
                save(module, model, path=str(own), **complete)
        except ModuleNotFoundError as error:
            raise missing_package(name, error) from None
        stamp(own / MLMODEL)
        try:
            yield own
        finally:
            _replace(own, folder)


def _replace(own: Path, folder: Path) -> None:
    try:
        replace_folder(own, folder)
    except OSError as error:
        raise DatasetError(
            f"The model cannot be saved to {folder}: {error.strerror}. Another process may have "
            "one of its files open."
        ) from error


def _for_flavor(
    name: str, model: Any, arguments: ModelArguments, catalog: CatalogProtocol[Any, Any] | None
) -> dict[str, Any]:
    if catalog is not None or not arguments.datasets:
        return arguments.for_flavor(model, lambda dataset: _load(name, dataset, catalog), name)
    logger.warning(
        "'%s' is saved without what its signature and input example take from '%s': only a "
        "pipeline's run knows other datasets.",
        name,
        "' and '".join(dict.fromkeys(arguments.datasets)),
    )
    return dict(arguments.flavor)


def _load(name: str, dataset: str, catalog: CatalogProtocol[Any, Any] | None) -> Any:
    found: AbstractDataset[Any, Any] | None = catalog.get(dataset) if catalog is not None else None
    try:
        if found is not None:
            return found.load()
        reason = "it is in no catalog"
    except DatasetError as error:
        reason = str(error)
    raise DatasetError(
        f"The signature or input example of '{name}' is taken from the dataset '{dataset}', which "
        "cannot be loaded when the model is saved. Name one that its node takes, or that is in the "
        f"catalog. ({reason})"
    )
