"""Save a model to a local folder, completely or not at all, even if several processes do so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

from ..utils.replacing import beside, replace_folder, stamp
from .arguments import ModelArguments
from .flavor_table import flavor_of
from .flavors import find_flavor, missing_package, save, saving_quietly, with_defaults
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
    """Save a model to a temporary folder, and then move it to its own folder.

    A model that is there already stays until the new one is complete.

    Args:
        folder: The model's folder; if it exists, it contains a model.
        model: The model.
        flavor: The flavor's name; None: found by the model's type.
        arguments: The arguments that decide how the model is saved.
        catalog: The catalog with the datasets for the signature; None: no pipeline is running.

    Yields:
        The temporary folder, to which no other process writes.

    Raises:
        DatasetError: The folder contains something else, the flavor is unknown or not installed, or
            a dataset cannot be loaded.
    """
    if folder.exists() and not (folder / MLMODEL).exists():
        raise DatasetError(
            f"{folder} is there already and holds no model, so it is not replaced: give "
            f"'{folder.name}' another `filepath`, a folder of its own."
        )
    name = flavor if flavor is not None else flavor_of(model)
    module = find_flavor(name)
    with beside(folder) as temporary:
        try:
            given = _for_flavor(folder.name, model, arguments, catalog)
            with saving_quietly(given):
                complete = with_defaults(module, model, given)
                save(module, model, path=str(temporary), **complete)
        except ModuleNotFoundError as error:
            raise missing_package(name, error) from None
        stamp(temporary / MLMODEL)
        try:
            yield temporary
        finally:
            _move(temporary, folder)


def _move(temporary: Path, folder: Path) -> None:
    try:
        replace_folder(temporary, folder)
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
        "'%s' is saved without the parts of its signature and input example that come from '%s': "
        "other datasets are available in a pipeline's run only.",
        name,
        "' and '".join(dict.fromkeys(arguments.datasets)),
    )
    return dict(arguments.flavor)


def _load(name: str, dataset: str, catalog: CatalogProtocol[Any, Any] | None) -> Any:
    found: AbstractDataset[Any, Any] | None = catalog.get(dataset) if catalog is not None else None
    try:
        if found is not None:
            return found.load()
        cause = "it is in no catalog"
    except DatasetError as error:
        cause = str(error)
    raise DatasetError(
        f"The signature or input example of '{name}' is taken from the dataset '{dataset}', which "
        "cannot be loaded when the model is saved. Name one that its node takes, or that is in the "
        f"catalog. ({cause})"
    )
