"""Makes a Kedro dataset from its configuration, with errors that name the fix."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterable, Mapping
from importlib import metadata as distributions
from typing import Any

from kedro.io import AbstractDataset, DatasetError, Version
from kedro.io.core import parse_dataset_definition

from .arguments import KEDRO_KEYS
from .extensions import FORMATS_BY_TYPE
from .formats import KEDRO_DATASETS, AnyDataset, Args, Package

_RENAMED = {"matplotlib.MatplotlibWriter": "matplotlib.MatplotlibDataset"}


def build(name: str, config: dict[str, Any], version: Version | None) -> AnyDataset:
    """Make a dataset from its configuration.

    Args:
        name: The dataset's name in the catalog, for messages.
        config: An entry as in a catalog.
        version: The versions to load and to save; None: the dataset is not versioned.

    Raises:
        DatasetError: The class is unknown, needs a missing package, or does not take an argument.
    """
    if version is not None:
        config = {**config, "versioned": True}
    cls = check(name, config)
    versions = version or Version(None, None)
    return AbstractDataset.from_config(
        name, {**config, "type": cls}, load_version=versions.load, save_version=versions.save
    )


def check(name: str, config: Args) -> type[AnyDataset]:
    """Return the class of a configuration, if it takes all of the arguments.

    Raises:
        DatasetError: See :func:`build`.
    """
    where = f"dataset '{name}'"
    cls = class_of(name, config)
    takes = inspect.signature(cls).parameters
    if config.get("versioned") and "version" not in takes:
        raise DatasetError(f"{where}: {cls.__name__} cannot be versioned: remove 'versioned'")
    unknown = sorted(config.keys() - takes.keys() - KEDRO_KEYS)
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        raise DatasetError(
            f"{where}: {cls.__name__} does not take {', '.join(unknown)}; "
            f"it takes: {', '.join(takes)}"
        )
    return cls


def class_of(name: str, config: Args) -> type[AnyDataset]:
    """Return the dataset class of a configuration; it may use a name of an older release.

    Raises:
        DatasetError: The class is unknown, or needs a missing package.
    """
    where = f"dataset '{name}'"
    given = config["type"]
    if isinstance(given, type) and issubclass(given, AbstractDataset):
        return given
    if not isinstance(given, str):
        raise DatasetError(f"{where}: the type {given!r} is no Kedro dataset class nor names one")
    current = given.removeprefix("kedro_datasets.").replace("DataSet", "Dataset")
    current = _RENAMED.get(current, current)
    if current in FORMATS_BY_TYPE:
        check_packages(
            f"{where} ({given})", (KEDRO_DATASETS, *FORMATS_BY_TYPE[current].needs), config
        )
    found = _imported(current)
    if isinstance(found, Exception) and current != given:
        second = _imported(given)
        found = found if isinstance(second, Exception) else second
    if not isinstance(found, Exception):
        return found
    extra = current.lower().replace(".", "-")
    if "." in current and extra in _kedro_datasets_extras():
        raise DatasetError(
            f"{where}: a package that {given} needs is not installed: "
            f'run `pip install "kedro-datasets[{extra}]"`'
        )
    raise DatasetError(f"{where}: {found}")


def _imported(class_path: str) -> type[AnyDataset] | Exception:
    try:
        return parse_dataset_definition({"type": class_path})[0]
    except (DatasetError, ImportError, TypeError) as error:
        # A name without a dot is that of a module if kedro-datasets has imported it already.
        if isinstance(error, TypeError) or "." not in class_path:
            return DatasetError(
                f"'{class_path}' is no dataset class; an extension goes without 'type'"
            )
        return error


def _kedro_datasets_extras() -> list[str]:
    try:
        return distributions.metadata("kedro-datasets").get_all("Provides-Extra") or []
    except distributions.PackageNotFoundError:
        return []


def check_packages(what: str, packages: Iterable[Package], args: Args) -> None:
    """Raise an error if a package is not installed; none of them is imported.

    Args:
        what: What needs the packages, for the message.
        packages: The packages; an engine is not needed if ``args`` name another one.
        args: The user's arguments.

    Raises:
        DatasetError: A package is missing; the message gives the command that installs it.
    """
    other_engine = _mentions(args, "engine")
    missing = [
        package.pip
        for package in packages
        if not (package.is_engine and other_engine)
        and not any(_is_installed(module) for module in package.modules)
    ]
    if missing:
        names = " ".join(missing)
        raise DatasetError(f"{what} needs packages that are missing: run `pip install {names}`")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _mentions(args: Args, key: str) -> bool:
    nested = (value for value in args.values() if isinstance(value, Mapping))
    return bool(args.get(key)) or any(_mentions(value, key) for value in nested)
