"""What mlflow.yml may say: its content is checked, and becomes dataclasses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, make_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from ..description import PLACEHOLDER
from ..errors import ConfigError
from ..keys import legal_key
from ..long_values import TOO_LONG_CHOICES
from ..observing import autolog_options
from ..secrets import mask_urls
from ..suggestions import nearest
from ..tracking import request_headers
from . import kedro_mlflow
from .sections import Config, PipelineModel

FILE = "mlflow.yml"
ALL = "__ALL__"
"""PipelineX's word for every name there is."""

MODES = ("online", "offline")
COPY_MODES = ("assign", "copy", "deepcopy")
PARAMETERS_CHOICES = ("params", "by_type", "none")
_CHOICES: dict[str, tuple[str, ...]] = {
    "tracking.mode": MODES,
    "tracking.delivery": ("auto", "thread", "process"),
    "tracking.on_failure": ("warn", "raise"),
    "params.too_long": TOO_LONG_CHOICES,
    "catalog.parameters": PARAMETERS_CHOICES,
}
_LEAST = {
    "tracking.timeout": 0,
    "tracking.wait_at_end": 0,
    "params.max_length": 1,
    "inputs.max_bytes": 0,
    "system_metrics.interval": 0.1,
}

# As in `mlflow.utils.validation`; a dot would end the name in `models:/` addresses.
_NOT_IN_MODEL_NAMES = re.compile(r"""[/:.%"']""")

SectionT = TypeVar("SectionT")


def parse(content: Mapping[str, Any] | None, where: str = FILE) -> Config:
    """Check the content of mlflow.yml and make a :class:`Config` of it.

    Args:
        content: What the file says; every key is optional.
        where: The name to use in messages.

    Raises:
        ConfigError: A key is unknown or a value has the wrong type; the message names the file,
            the key and, for an unknown key, the nearest valid one.

    Example:
        >>> parse({"experiment": {"name": "demo"}}).experiment.name
        'demo'
    """
    content = content or {}
    _check_keys(content, Config, where)
    _check_description(content, where)
    config = _typed(content, where)
    for dotted, choices in _CHOICES.items():
        check_choice(dotted, _get(config, dotted), choices, where)
    for dotted, least in _LEAST.items():
        if _get(config, dotted) < least:
            raise ConfigError(f"{where}: '{dotted}' must be >= {least}: {_get(config, dotted)}")
    if config.ui.port is not None and not 0 < config.ui.port < 2**16:
        raise ConfigError(f"{where}: 'ui.port' must be in 1 to 65535: {config.ui.port}")
    _check_names(config.run.kedro_run_params, where)
    _check_separator(config.params.separator, where)
    autolog_options.wanted(config.autolog, where)
    request_headers.check(config.tracking.request_headers, where)
    pipeline_models(config, where)
    return config


def pipeline_models(config: Config, where: str = FILE) -> dict[str, PipelineModel]:
    """The entries of ``pipeline_models``, by their names.

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
        entry: What the file says of it.
        where: The name to use in messages.

    Raises:
        ConfigError: The name, or a key or value in the entry, is wrong.

    Example:
        >>> pipeline_model("wine", {"inference": "predict", "input": "wines"}).training
        '__default__'
    """
    key = f"pipeline_models.{name}"
    if not name or _NOT_IN_MODEL_NAMES.search(name):
        raise ConfigError(f"{where}: '{key}': a model's name has none of / : . % \" '")
    _check_keys(entry, PipelineModel, where, f"{key}.")
    found = _checked(PipelineModel(**_given(entry)), where, f"{key}.")
    for needed in ("inference", "input"):
        if not getattr(found, needed):
            raise ConfigError(f"{where}: '{key}.{needed}' is missing.")
    check_choice(f"{key}.copy_mode", found.copy_mode, COPY_MODES, where)
    _check_registration(key, found, where)
    asked = found.pip_requirements
    if not isinstance(asked, str | list | None):
        raise ConfigError(
            f"{where}: '{key}.pip_requirements' must be a list or a file's path: {asked!r}"
        )
    return found


def restore(settings: Mapping[str, Any]) -> Config:
    """Make a :class:`Config` of what ``dataclasses.asdict`` has made of one, without any check."""
    types = get_type_hints(Config)
    return Config(
        **{
            key: types[key](**value) if is_dataclass(types[key]) else value
            for key, value in settings.items()
        }
    )


def override(section: SectionT, **given: Any) -> SectionT:
    """Replace those keys of a section that were given (are not None): an argument wins."""
    chosen = {key: value for key, value in given.items() if value is not None}
    if not chosen:  # as for each value of a run
        return section
    return replace(section, **chosen)  # type: ignore[type-var]


def check_choice(key: str, value: Any, choices: tuple[str, ...], where: str) -> None:
    """Check that a value is one of a few.

    Raises:
        ConfigError: It is not; the message lists the choices.
    """
    if value not in choices:
        raise ConfigError(f"{where}: '{key}' must be one of {', '.join(choices)}: {value!r}")


def _check_keys(content: Any, section: type, where: str, prefix: str = "") -> None:
    if not isinstance(content, Mapping):
        place = f"'{prefix.rstrip('.')}'" if prefix else "the file"
        raise ConfigError(f"{where}: {place} must be a mapping of keys to values: {content!r}")
    known = {item.name: item for item in fields(section)}
    types = get_type_hints(section)
    for key, value in content.items():
        if key not in known:
            unknown, meant = f"{prefix}{key}", f"{prefix}{nearest(str(key), known)}"
            raise ConfigError(
                f"{where}: unknown key '{unknown}'. "
                f"{kedro_mlflow.hint(unknown) or f'Did you mean {meant!r}?'} "
                f"Valid here: {', '.join(known)}."
            )
        if key == "pipeline_models" and not isinstance(value, Mapping | None):
            raise ConfigError(f"{where}: '{key}' must be a mapping of names to models: {value!r}")
        if is_dataclass(types[key]) and value is not None:
            _check_keys(value, types[key], where, f"{prefix}{key}.")


def _typed(content: Mapping[str, Any], where: str) -> Config:
    types = get_type_hints(Config)
    given = _given(content)
    sections = {
        key: _checked(types[key](**_given(value)), where, f"{key}.")
        for key, value in given.items()
        if is_dataclass(types[key])
    }
    # Without the sections, which are checked: to check the whole takes as long as all of them.
    others = {key: value for key, value in given.items() if key not in sections}
    top = make_dataclass("Top", [(key, types[key]) for key in others])
    return Config(**sections, **vars(_checked(top(**others), where)))


def _checked(section: SectionT, where: str, prefix: str = "") -> SectionT:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        # Not by merging into it: OmegaConf before 2.4 refuses that for frozen dataclasses.
        checked: Any = OmegaConf.to_object(OmegaConf.structured(section))
    except OmegaConfBaseException as error:
        reason = mask_urls(str(error).splitlines()[0])
        key = f"{prefix}{getattr(error, 'full_key', None)}"
        raise ConfigError(f"{where}: '{key}' has a wrong value. {reason}") from None
    return checked  # type: ignore[no-any-return]


def _given(content: Mapping[str, Any]) -> dict[str, Any]:
    # An empty key ("artifacts:" or "tags:" and nothing below) means its default.
    return {key: value for key, value in content.items() if value is not None}


def _check_names(names: Any, where: str) -> None:
    if names == ALL:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"{where}: 'run.kedro_run_params' must be a list of names or __ALL__: {names!r}"
        )


def _check_description(content: Mapping[str, Any], where: str) -> None:
    given = (content.get("run") or {}).get("description")
    if isinstance(given, Mapping):  # YAML takes {pipeline} for one
        raise ConfigError(
            f"{where}: 'run.description' must be a text. Put quotes around one that begins with a "
            f'brace: description: "{PLACEHOLDER}"'
        )


def _check_separator(separator: str, where: str) -> None:
    joined = f"a{separator}b"
    if not separator or legal_key(joined) != joined:
        raise ConfigError(
            f"{where}: 'params.separator' must be of characters that MLflow allows in keys, as . "
            f"and / are: {separator!r}"
        )


def _check_registration(key: str, settings: PipelineModel, where: str) -> None:
    from kedro.io import DatasetError

    from ..models.registration import Registration

    try:
        Registration.of(settings.registered_model_name, settings.alias, settings.promote, None)
    except DatasetError as error:
        raise ConfigError(f"{where}: '{key}': {error}") from None


def _get(config: Config, dotted: str) -> Any:
    value: Any = config
    for name in dotted.split("."):
        value = getattr(value, name)
    return value
