"""Makes the Kedro dataset that reads and writes the file, from the user's ``dataset`` argument."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from kedro.io import AbstractDataset, AbstractVersionedDataset, DatasetError, Version

from ..utils import kedro_internals
from ..utils.secrets import mask_secrets, without_secrets
from .extension_names import check_extension
from .extensions import EXTENSIONS, FORMATS_BY_TYPE
from .factory import build, check_packages, class_of
from .formats import AnyDataset, Args, merged
from .type_dispatch import TypeDispatchDataset
from .value_kinds import VALUE_KINDS

PATH_ARGS = ("filepath", "path")
"""The names that Kedro's datasets have for the argument with the path."""

# They write a folder if several values are saved at once.
_WRITES_MANY_FILES = frozenset({"matplotlib.MatplotlibDataset"})


def check_installed(extension: str, args: Args | None = None) -> None:
    """Raise an error if a package for an extension is not installed; imports none of them.

    Args:
        extension: A key of `EXTENSIONS`.
        args: The user's arguments; an ``engine`` among them replaces the usual one.

    Raises:
        DatasetError: A package is missing; the message gives the command that installs it.
    """
    check_packages(f"dataset: {extension}", EXTENSIONS[extension].packages, args or {})


def check_is_dataset(name: str, dataset: Any) -> None:
    """Raise an error for a value of ``dataset`` that is nothing that can be saved to.

    Args:
        name: The dataset's name in the catalog, for messages.
        dataset: As for :func:`make`.

    Raises:
        DatasetError: It is no text, no dict with ``type`` and no Kedro dataset.
    """
    is_entry = isinstance(dataset, dict) and dataset.get("type")
    if not is_entry and not isinstance(dataset, str | AbstractDataset):
        raise DatasetError(
            f"dataset '{name}': 'dataset' must be an extension such as csv, a dict with the key "
            f"'type', or a Kedro dataset, not {mask_secrets(repr(without_secrets(dataset)))}"
        )


def make(
    dataset: str | dict[str, Any] | AnyDataset,
    filepath: str | None,
    *,
    name: str,
    version: Version | None = None,
    **args: Any,
) -> AnyDataset:
    """Make the Kedro dataset that reads and writes the file.

    Args:
        dataset: An extension; a dict as in a catalog; or a dataset, which is returned unchanged.
        filepath: The file. A dict with a path of its own keeps that.
        name: The dataset's name in the catalog, for messages.
        version: The versions to load and to save; None: the dataset is not versioned.
        **args: ``load_args``, ``save_args``, ``credentials``, ``fs_args`` and ``metadata`` for the
            Kedro dataset, or None. They override the defaults of an extension and are added to a
            dict; ``metadata`` is ignored if the Kedro dataset does not take it.

    Raises:
        DatasetError: The extension is unknown, a package is missing, or the Kedro dataset does not
            take an argument.

    Example:
        >>> make("csv", "data/mlflow/scores.csv", name="scores", save_args={"index": True})
        kedro_datasets.pandas.csv_dataset.CSVDataset(filepath=...)
    """
    where = f"dataset '{name}'"
    given = {key: value for key, value in args.items() if value is not None}
    if isinstance(dataset, AbstractDataset):
        unusable = [key for key in given if key != "metadata"]
        unusable += ["versioned"] * (version is not None)
        if unusable:
            raise DatasetError(
                f"{where}: {', '.join(unusable)} cannot be given beside a dataset object, which is "
                f"used as it is: give it to the {type(dataset).__name__} itself"
            )
        return dataset
    if isinstance(dataset, str):
        return _from_extension(dataset, filepath, name, given, version)
    check_is_dataset(name, dataset)
    return _from_entry(dataset, filepath, name, given, version)


def _from_extension(
    extension: str, filepath: str | None, name: str, given: Args, version: Version | None
) -> AnyDataset:
    check_extension(extension)
    if filepath is None or extension in VALUE_KINDS:
        raise DatasetError(
            f"dataset '{name}': no file for 'dataset: {extension}', filepath: {filepath}"
        )
    check_installed(extension, given)
    args: dict[str, Any] = {"filepath": filepath, **given}
    backend = EXTENSIONS[extension].at(filepath)
    if backend.writers:
        return build(name, {"type": TypeDispatchDataset, "extension": extension, **args}, version)
    if backend.format.name_arg:
        args[backend.format.name_arg] = name
    return build(name, backend.format.config(args), version)


def _from_entry(
    entry: Args, filepath: str | None, name: str, given: Args, version: Version | None
) -> AnyDataset:
    config = merged(entry, given, clash=f"dataset '{name}': ")
    cls = config["type"] = class_of(name, config)
    takes = inspect.signature(cls).parameters
    path_args = [arg for arg in PATH_ARGS if arg in takes]
    if filepath is not None and path_args and not any(config.get(arg) for arg in path_args):
        config[path_args[0]] = filepath
    if "metadata" not in takes and "metadata" not in entry:
        config.pop("metadata", None)
    return build(name, config, version)


def moved(dataset: AnyDataset, filepath: str) -> AnyDataset:
    """Make the same dataset for another local file or folder, without versions and credentials.

    Args:
        dataset: A dataset with a file or folder; of a ``CachedDataset`` the inner one is used.
        filepath: The other local file or folder.

    Raises:
        DatasetError: The dataset has no file or folder.
    """
    config, path_arg = config_of(dataset)
    if not path_arg:
        raise DatasetError(f"{dataset} has no file, so it cannot read {filepath}")
    return build(PurePath(filepath).name, {**config, path_arg: filepath}, None)


def writes_one_file(dataset: AnyDataset) -> bool:
    """Whether each save is known to replace the content of one and the same file.

    False for a dataset with versions, since each version has its own file.
    """
    cls = type(dataset)
    module = cls.__module__.split(".")
    address = f"{module[1]}.{cls.__name__}" if module[0] == "kedro_datasets" else ""
    is_known = cls is TypeDispatchDataset or (
        address in FORMATS_BY_TYPE and address not in _WRITES_MANY_FILES
    )
    if not is_known or not isinstance(dataset, AbstractVersionedDataset):
        return False
    return dataset.resolve_save_version() is None and not _appends(config_of(dataset)[0])


def _appends(args: Args) -> bool:
    """Whether a dataset's arguments make it append to the file (``mode: a``)."""
    mode = args.get("mode")
    nested = (value for value in args.values() if isinstance(value, Mapping))
    return (isinstance(mode, str) and not {"a", "+"}.isdisjoint(mode)) or any(map(_appends, nested))


def config_of(dataset: AnyDataset) -> tuple[dict[str, Any], str]:
    """Return the configuration that makes a dataset again, without path, versions and credentials.

    Args:
        dataset: Any dataset; of a ``CachedDataset`` the inner one is used.

    Returns:
        The configuration, and the name of the argument for the path; "" if there is none.
    """
    dataset = kedro_internals.unwrapped(dataset)
    arguments = kedro_internals.configuration_of(dataset)
    path_arg = next((arg for arg in PATH_ARGS if arguments.get(arg)), "")
    excluded = {path_arg, "versioned", "credentials"}
    config = {key: value for key, value in arguments.items() if key not in excluded}
    return {**config, "type": type(dataset)}, path_arg
