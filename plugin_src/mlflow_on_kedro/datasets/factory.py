"""A dataset's configuration -> the dataset, with messages that say how to mend what is wrong."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterable, Mapping
from importlib import metadata as distributions
from typing import Any

from kedro.io import AbstractDataset, DatasetError, Version
from kedro.io.core import parse_dataset_definition

from .extensions import FORMATS_BY_TYPE, RENAMED
from .formats import KEDRO_DATASETS, AnyDataset, Args, Package


def build(name: str, config: dict[str, Any], version: Version | None) -> AnyDataset:
    """Make the dataset of a configuration.

    Args:
        name: The catalog's name for it, for messages.
        config: As in a catalog.
        version: Versions to load and save; with it the dataset is versioned.

    Raises:
        DatasetError: The class is unknown, lacks a package, or does not take what was given.
    """
    if version is not None:
        config = {**config, "versioned": True}
    cls = check(name, config)
    versions = version or Version(None, None)
    return AbstractDataset.from_config(
        name, {**config, "type": cls}, load_version=versions.load, save_version=versions.save
    )


def check(name: str, config: Args) -> type[AnyDataset]:
    """Find the class of a configuration, and what it does not take.

    Raises:
        DatasetError: As :func:`build`.
    """
    where = f"dataset '{name}'"
    cls = class_of(name, config)
    takes = inspect.signature(cls).parameters
    if config.get("versioned") and "version" not in takes:
        raise DatasetError(f"{where}: {cls.__name__} cannot be versioned: remove 'versioned'")
    # Kedro removes these four before it calls the class.
    unknown = sorted(config.keys() - takes.keys() - {"type", "versioned", "version", "validator"})
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in takes.values()):
        raise DatasetError(
            f"{where}: {cls.__name__} does not take {', '.join(unknown)}; "
            f"it takes: {', '.join(takes)}"
        )
    return cls


def class_of(name: str, config: Args) -> type[AnyDataset]:
    """The dataset class of a configuration, also under the name that it had in older releases."""
    where = f"dataset '{name}'"
    given = config["type"]
    if isinstance(given, type) and issubclass(given, AbstractDataset):
        return given
    if not isinstance(given, str):
        raise DatasetError(f"{where}: the type {given!r} is no Kedro dataset class nor names one")
    current = given.removeprefix("kedro_datasets.").replace("DataSet", "Dataset")
    current = RENAMED.get(current, current)
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
    except TypeError:  # Kedro found something of that name which is no class
        return DatasetError(f"'{class_path}' is no dataset class; an extension goes without 'type'")
    except (DatasetError, ImportError) as error:
        return error


def _kedro_datasets_extras() -> list[str]:
    try:
        return distributions.metadata("kedro-datasets").get_all("Provides-Extra") or []
    except distributions.PackageNotFoundError:
        return []


def check_packages(what: str, packages: Iterable[Package], args: Args) -> None:
    """Refuse what needs packages that are not installed; none of them is imported.

    Args:
        what: What needs them, for the message.
        packages: The packages; an engine counts only while ``args`` name no other.
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
