"""``pipeline_models`` in mlflow.yml: its entries, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ..errors import ConfigError
from ..utils.mlflow_limits import is_model_name
from .checks import COPY_MODES, FILE, check_choice, check_keys, check_types, without_empty
from .sections import Config

# As in sections.py.
# ruff: noqa: UP045


@dataclass(frozen=True)
class PipelineModel:
    """One entry of ``pipeline_models``: an inference pipeline that is logged as a model.

    Attributes:
        training: The pipeline that trains. Each run that runs all of its nodes logs the model.
        inference: The pipeline that predicts. Required.
        input: The dataset of that pipeline that ``predict`` takes. Required.
        runner: What runs the pipeline: one of Kedro's runners, or ``package.module.Class``.
        copy_mode: How nodes get the artifacts: ``assign``, ``copy``, ``deepcopy``, or a mapping
            of datasets to these. ``deepcopy`` is for nodes that change them.
        input_example: Keep the first five rows of the input in the model.
        pip_requirements: A list, a file, or a list with files. null: the project's
            requirements.txt, each at the version that is installed; without one, what the code
            imports.
        extra_pip_requirements: Requirements beside them, given in the same ways.
        conda_env: Instead of both, a mapping or a file.
        code_paths: Further code. The project's package, and what it imports from beside it, are
            always there.
        metadata: The model's metadata.
        tags: The model's tags.
        registered_model_name: Register the model under this name, once the run has succeeded.
        alias: An alias for the version.
        promote: ``{alias: …, metric: …, greater_is_better: true}``: the version gets the alias
            if that metric of its run is better than that of the version that has it.
    """

    training: str = "__default__"
    inference: str = ""
    input: str = ""
    runner: str = "SequentialRunner"
    copy_mode: Any = "assign"
    input_example: bool = False
    pip_requirements: Any = None
    extra_pip_requirements: Any = field(default_factory=list)
    conda_env: Any = None
    code_paths: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, Any] = field(default_factory=dict)
    registered_model_name: Optional[str] = None
    alias: Optional[str] = None
    promote: Any = None


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
