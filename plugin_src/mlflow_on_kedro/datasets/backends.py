"""What the user gives as ``dataset`` -> the Kedro dataset that reads and writes the file."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from kedro.io import AbstractDataset, AbstractVersionedDataset, DatasetError, Version

from ..utils import kedro_internals
from .extensions import (
    FORMATS_BY_TYPE,
    KINDS,
    MANY_FILES,
    VALUE_KINDS,
    check_kind,
    suffix,
    suffix_of,
)
from .factory import build, check_packages, class_of
from .formats import AnyDataset, Args, merged
from .local_files import local_path
from .type_dispatch import TypeDispatchDataset

__all__ = [
    "KINDS",
    "VALUE_KINDS",
    "at",
    "check_installed",
    "check_kind",
    "config_of",
    "local_path",
    "make",
    "suffix",
    "suffix_of",
    "writes_one_file",
]


def check_installed(kind: str, args: Args | None = None) -> None:
    """Refuse an extension whose packages are not installed; imports none of them.

    Args:
        kind: an extension of `KINDS`.
        args: the user's arguments; an ``engine`` among them replaces the usual one.

    Raises:
        DatasetError: a package is missing; the message gives the command that installs it.
    """
    check_packages(f"dataset: {kind}", KINDS[kind].packages, args or {})


def make(
    dataset: str | dict[str, Any] | AnyDataset,
    filepath: str | None,
    *,
    name: str,
    load_args: dict[str, Any] | None = None,
    save_args: dict[str, Any] | None = None,
    version: Version | None = None,
    credentials: dict[str, Any] | None = None,
    fs_args: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> AnyDataset:
    """Make the Kedro dataset that reads and writes the file.

    Args:
        dataset: an extension of `KINDS`; a dict as in a catalog; or a dataset, returned as it is.
        filepath: where the file is or will be. A dict with a path of its own keeps that.
        name: the dataset's name in the catalog, for messages.
        load_args: passed on, as are ``save_args``, ``credentials``, ``fs_args``, ``metadata``: laid
            over the defaults of an extension, added to what a dict has.
        save_args: see ``load_args``.
        version: the versions to load and to save, which makes the dataset a versioned one.
        credentials: see ``load_args``.
        fs_args: see ``load_args``.
        metadata: see ``load_args``; left out where the dataset does not take it.

    Raises:
        DatasetError: unknown extension, missing package, or arguments that the dataset cannot take.

    Example:
        >>> make("csv", "data/mlflow/scores.csv", name="scores", save_args={"index": True})
        kedro_datasets.pandas.csv_dataset.CSVDataset(filepath=...)
    """
    where = f"dataset '{name}'"
    beside = {
        "load_args": load_args,
        "save_args": save_args,
        "credentials": credentials,
        "fs_args": fs_args,
        "metadata": metadata,
    }
    given = {key: value for key, value in beside.items() if value is not None}
    if isinstance(dataset, AbstractDataset):
        lost = [key for key in given if key != "metadata"] + ["versioned"] * (version is not None)
        if lost:
            raise DatasetError(
                f"{where}: {', '.join(lost)} cannot be given beside a dataset object, which is "
                f"used as it is: give it to the {type(dataset).__name__} itself"
            )
        return dataset
    if isinstance(dataset, str):
        check_kind(dataset)
        if filepath is None or dataset in VALUE_KINDS:
            raise DatasetError(f"{where}: no file for 'dataset: {dataset}', filepath: {filepath}")
        check_installed(dataset, given)
        args: dict[str, Any] = {"filepath": filepath, **given}
        backend = KINDS[dataset].at(filepath)
        if backend.writers:
            return build(name, {"type": TypeDispatchDataset, "kind": dataset, **args}, version)
        named = backend.format.name_arg
        args |= {named: name} if named else {}
        return build(name, backend.format.config(args), version)
    if not isinstance(dataset, dict) or not dataset.get("type"):
        raise DatasetError(
            f"{where}: 'dataset' must be an extension such as csv, a dict with the key 'type', "
            f"or a Kedro dataset, not {dataset!r}"
        )
    config = merged(dataset, given, clash=f"{where}: ")
    cls = config["type"] = class_of(name, config)
    takes = inspect.signature(cls).parameters
    # PartitionedDataset calls its folder ``path``.
    path_args = [arg for arg in ("filepath", "path") if arg in takes]
    if filepath is not None and path_args and not any(config.get(arg) for arg in path_args):
        config[path_args[0]] = filepath
    if "metadata" not in takes and "metadata" not in dataset:
        config.pop("metadata", None)
    return build(name, config, version)


def at(dataset: AnyDataset, filepath: str) -> AnyDataset:
    """Make the same dataset for another local file or folder, without versions and credentials.

    Args:
        dataset: any dataset that has a file or folder; a ``CachedDataset`` gives its inner one.
        filepath: the local file or folder.

    Raises:
        DatasetError: the dataset has no file or folder.
    """
    config, path_arg = config_of(dataset)
    if not path_arg:
        raise DatasetError(f"{dataset} has no file, so it cannot read {filepath}")
    return build(PurePath(filepath).name, {**config, path_arg: filepath}, None)


def writes_one_file(dataset: AnyDataset) -> bool:
    """Whether a dataset is known to write one file at each save, and all of it.

    Not one with versions, each of which is a file of its own.
    """
    cls = type(dataset)
    module = cls.__module__.split(".")
    address = f"{module[1]}.{cls.__name__}" if module[0] == "kedro_datasets" else ""
    is_known = cls is TypeDispatchDataset or (
        address in FORMATS_BY_TYPE and address not in MANY_FILES
    )
    if not is_known or not isinstance(dataset, AbstractVersionedDataset):
        return False
    return dataset.resolve_save_version() is None and not _adds(config_of(dataset)[0])


def _adds(args: Args) -> bool:
    """Whether the arguments of a dataset have it add to what is there (``mode: a``)."""
    mode = args.get("mode")
    nested = (value for value in args.values() if isinstance(value, Mapping))
    return (isinstance(mode, str) and not {"a", "+"}.isdisjoint(mode)) or any(map(_adds, nested))


def config_of(dataset: AnyDataset) -> tuple[dict[str, Any], str]:
    """What a dataset was made from, without its place, versions and credentials.

    Args:
        dataset: any dataset; a ``CachedDataset`` gives its inner one's.

    Returns:
        The configuration, and the argument that takes the place; "" if there is none.
    """
    dataset = kedro_internals.unwrapped(dataset)
    kept = kedro_internals.configuration_of(dataset)
    path_arg = next((arg for arg in ("filepath", "path") if kept.get(arg)), "")
    left_out = {path_arg, "versioned", "credentials"}
    config = {key: value for key, value in kept.items() if key not in left_out}
    return {**config, "type": type(dataset)}, path_arg
