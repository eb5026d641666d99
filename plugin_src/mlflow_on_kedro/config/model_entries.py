"""``pipeline_models`` in mlflow.yml: its entries, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..utils.mlflow_limits import is_model_name
from .checks import COPY_MODES, FILE, check_choice, check_keys, check_types, without_empty
from .sections import Config, PipelineModel


def pipeline_models(config: Config, where: str = FILE) -> dict[str, PipelineModel]:
    """Check the entries of ``pipeline_models``, and return them by their names.

    Raises:
        ConfigError: A name, key or value in one of them is wrong.
    """
    return {
        name: pipeline_model(str(name), entry, where)
        for name, entry in config.pipeline_models.items()
    }


def pipeline_model(name: str, entry: Any, where: str = FILE) -> PipelineModel:
    """Check one entry of ``pipeline_models``.

    Args:
        name: The model's name.
        entry: Its content in the file.
        where: The name to use in messages.

    Raises:
        ConfigError: The name, or a key or value in the entry, is wrong.

    Example:
        >>> pipeline_model("wine", {"inference": "predict", "input": "wines"}).training
        '__default__'
    """
    key = f"pipeline_models.{name}"
    if not is_model_name(name):
        raise ConfigError(f"{where}: '{key}': a model's name must not contain / : . % \" '")
    check_keys(entry, PipelineModel, where, f"{key}.")
    found = check_types(PipelineModel(**without_empty(entry)), where, f"{key}.")
    for needed in ("inference", "input"):
        if not getattr(found, needed):
            raise ConfigError(f"{where}: '{key}.{needed}' is missing.")
    _check_copy_mode(f"{key}.copy_mode", found.copy_mode, where)
    _check_registration(key, found, where)
    for requirement, kinds, words in (
        ("pip_requirements", str | list | None, "a list or a file's path"),
        ("extra_pip_requirements", str | list, "a list or a file's path"),
        ("conda_env", str | dict | None, "a mapping or a file's path"),
    ):
        value = getattr(found, requirement)
        if not isinstance(value, kinds) or (isinstance(value, list) and not _are_texts(value)):
            raise ConfigError(f"{where}: '{key}.{requirement}' must be {words}: {value!r}")
    if found.conda_env is not None and (found.pip_requirements or found.extra_pip_requirements):
        raise ConfigError(
            f"{where}: '{key}.conda_env' has the requirements already: give it, or "
            "'pip_requirements' and 'extra_pip_requirements'."
        )
    return found


def _are_texts(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


def _check_copy_mode(key: str, given: Any, where: str) -> None:
    if not isinstance(given, Mapping):
        check_choice(key, given, COPY_MODES, where)
        return
    for name, mode in given.items():
        check_choice(f"{key}.{name}", mode, COPY_MODES, where)


def _check_registration(key: str, settings: PipelineModel, where: str) -> None:
    from kedro.io import DatasetError

    from .registration import Registration

    try:
        Registration.from_arguments(
            settings.registered_model_name, settings.alias, settings.promote, None
        )
    except DatasetError as error:
        raise ConfigError(f"{where}: '{key}': {error}") from None
