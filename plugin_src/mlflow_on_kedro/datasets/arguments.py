"""Checks of an MLflow dataset's arguments, with errors that name the nearest valid one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kedro.io import DatasetError

from ..config import sections, uri_checks
from ..config.checks import check_choice
from ..config.keys import choices
from ..errors import ConfigError
from ..utils.suggestions import did_you_mean
from . import images
from .extension_names import check_extension

COPY_MODES = ("deepcopy", "copy", "assign")
KEDRO_KEYS = frozenset({"type", "versioned", "version", "validator"})
"""The keys of a catalog entry that Kedro removes before it calls the dataset's class."""


def check_arguments(entry: Mapping[str, Any], cls: type) -> None:
    """Raise an error for an argument that a dataset does not take.

    Kedro's own error names neither the dataset nor the nearest argument.

    Args:
        entry: The dataset's entry in the catalog.
        cls: The dataset's class.

    Raises:
        DatasetError: An argument is unknown; the message names the nearest and all known ones.
    """
    parameters = inspect.signature(cls).parameters.values()
    takes = [item.name for item in parameters if item.kind is not item.VAR_KEYWORD]
    takes = [*getattr(cls, "other_arguments", ()), *takes]
    for argument in entry:
        if argument not in takes and argument not in KEDRO_KEYS:
            raise DatasetError(
                f"{cls.__name__} does not take '{argument}'."
                f"{did_you_mean(str(argument), takes)} It takes: {', '.join(takes)}."
            )


def check_uri(argument: str, uri: str | None) -> None:
    """Raise an error for a URI that is no tracking URI of MLflow.

    Raises:
        DatasetError: The URI is invalid; the message gives the nearest valid one.
    """
    found = uri_checks.mistake(uri) if uri else None
    if found is not None:
        raise DatasetError(f"`{argument}` is {found}")


def check_texts(**given: Any) -> None:
    """Raise an error for a value that is neither a text nor None.

    Args:
        given: The values, by the names of their arguments.

    Raises:
        DatasetError: One is of another type, as YAML reads ``4`` or ``yes``.
    """
    for name, value in given.items():
        if not isinstance(value, str | None):
            raise DatasetError(f"`{name}` must be a text, not {value!r}: put quotes around it.")


def check_values(name: str, entry: Mapping[str, Any], cls: type) -> None:
    """Raise an error for an invalid value, without the traceback that Kedro would add.

    Args:
        name: The dataset's name. The entry of a dataset factory, whose name has a placeholder, is
            not checked: it has placeholders for values too.
        entry: The dataset's entry in the catalog.
        cls: The dataset's class; an instance of it is made, which is cheap.

    Raises:
        DatasetError: A value is invalid.
    """
    if "{" not in name:
        cls(**{key: value for key, value in entry.items() if key not in KEDRO_KEYS})


def check_dataset_arguments(
    name: str,
    dataset: Any,
    *,
    copy_mode: str | None,
    artifact_path: str | None,
    too_long: str | None,
    prefix: str | None,
    **tracking_uris: str | None,
) -> None:
    """Raise an error for invalid arguments of an ``MLflowDataset``.

    Args:
        name: The dataset's name, for messages.
        dataset: See :class:`~.mlflow_dataset.MLflowDataset`, as for the other arguments.
        copy_mode: See there.
        artifact_path: See there.
        too_long: See there.
        prefix: See there.
        **tracking_uris: The tracking URIs, by the names of their arguments.

    Raises:
        DatasetError: The extension is unknown, a URI is no tracking URI, or ``images`` have an
            ``artifact_path``.
        ConfigError: ``too_long`` or ``copy_mode`` is unknown, or ``prefix`` is not for a metric.
    """
    if isinstance(dataset, str):
        check_extension(dataset)
    if too_long is not None:
        check_choice("too_long", too_long, choices(sections.Params)["too_long"], name)
    if copy_mode is not None:
        check_choice("copy_mode", copy_mode, COPY_MODES, name)
    if dataset == "images" and artifact_path is not None:
        raise DatasetError(
            "dataset: images takes no `artifact_path`: MLflow shows pictures by their steps "
            f"only in the folder '{images.FOLDER}'."
        )
    if prefix is not None and dataset != "m":
        raise ConfigError(
            f"{name}: `prefix` is for metrics (`dataset: m`). The name of anything else is "
            "`dataset_name`."
        )
    for argument, uri in tracking_uris.items():
        check_uri(argument, uri)
