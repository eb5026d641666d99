"""Checks of an MLflow dataset's arguments, with errors that name the nearest valid one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kedro.io import DatasetError

from ..config import sections, uri_checks
from ..config.checks import COPY_MODES, check_choice
from ..config.keys import choices
from ..errors import ConfigError
from ..utils.secrets import mask_secrets
from ..utils.suggestions import did_you_mean
from . import images
from .extension_names import check_extension

KEDRO_KEYS = frozenset({"type", "versioned", "version", "validator"})
"""The keys of a catalog entry that Kedro removes before it calls the dataset's class."""
_TYPES: Mapping[str, tuple[type, str]] = {
    "str": (str, "a text (in quotes)"),
    "dict[str, Any]": (Mapping, "a mapping"),
}
"""A parameter's annotation -> the type of its values, and its name in messages."""
_NOT_CHECKED_BY_TYPE = frozenset({"metadata", "credentials", "copy_mode", "too_long", "sync"})
"""They take anything, or one of a few words, of which the message is a better one."""


def check_arguments(entry: Mapping[str, Any], cls: type) -> None:
    """Raise an error for an argument that a dataset does not take, for a missing one and its type.

    Kedro's own error names neither the dataset nor the nearest argument.

    Args:
        entry: The dataset's entry in the catalog.
        cls: The dataset's class.

    Raises:
        DatasetError: An argument is unknown; the message names the nearest and all known ones. Or
            one is missing, or is no text or no mapping where it has to be.
    """
    parameters = [
        item for item in inspect.signature(cls).parameters.values() if item.kind != item.VAR_KEYWORD
    ]
    takes = [item.name for item in parameters]
    takes = [*getattr(cls, "other_arguments", ()), *takes]
    for argument in entry:
        if argument not in takes and argument not in KEDRO_KEYS:
            raise DatasetError(
                f"{cls.__name__} does not take '{argument}'."
                f"{did_you_mean(str(argument), takes)} It takes: {', '.join(takes)}."
            )
    for item in parameters:
        if item.default is item.empty and item.name not in entry:
            raise DatasetError(f"{cls.__name__} needs '{item.name}', which is missing.")
        _check_type(item, entry.get(item.name))


def _check_type(parameter: inspect.Parameter, value: Any) -> None:
    found = _TYPES.get(str(parameter.annotation).removesuffix(" | None"))
    if found is None or value is None or parameter.name in _NOT_CHECKED_BY_TYPE:
        return
    expected, in_words = found
    if not isinstance(value, expected):
        shown = mask_secrets(repr(value))[:200]
        raise DatasetError(f"`{parameter.name}` must be {in_words}, not {shown}.")


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
    if "{" in name:
        return
    try:
        cls(**{key: value for key, value in entry.items() if key not in KEDRO_KEYS})
    except (TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"a value of this {cls.__name__} is of the wrong type or form: "
            f"{mask_secrets(str(error))}"
        ) from error


def check_dataset_arguments(
    name: str,
    dataset: Any,
    *,
    copy_mode: str | None,
    artifact_path: str | None,
    too_long: str | None,
    max_length: int | None,
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
        max_length: See there.
        prefix: See there.
        **tracking_uris: The tracking URIs, by the names of their arguments.

    Raises:
        DatasetError: The extension is unknown, a URI is no tracking URI, or ``images`` have an
            ``artifact_path``.
        ConfigError: ``too_long`` or ``copy_mode`` is unknown, ``max_length`` is no number from 1
            on, or ``prefix`` is not for a metric.
    """
    if isinstance(dataset, str):
        check_extension(dataset)
    if too_long is not None:
        check_choice("too_long", too_long, choices(sections.Params)["too_long"], name)
    is_int = isinstance(max_length, int) and not isinstance(max_length, bool)
    if max_length is not None and not (is_int and max_length >= 1):
        raise ConfigError(f"{name}: 'max_length' must be a whole number >= 1: {max_length!r}")
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
