"""What mlflow.yml may say: its content is checked, and becomes dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, make_dataclass, replace
from typing import Any, get_type_hints

from ..errors import ConfigError
from ..utils.mlflow_limits import legal_key
from . import autolog_options, header_checks, uri_checks
from .checks import (
    ALL,
    CHILDREN_CHOICES,
    FILE,
    MODES,
    PARAMETERS_CHOICES,
    UNLOGGED_CHOICES,
    SectionT,
    check_choice,
    check_keys,
    check_types,
    without_empty,
)
from .model_entries import pipeline_models
from .sections import DESCRIPTION_PLACEHOLDER, TOO_LONG_CHOICES, Config

_CHOICES: dict[str, tuple[str, ...]] = {
    "tracking.mode": MODES,
    "tracking.delivery": ("auto", "thread", "process"),
    "tracking.on_failure": ("warn", "raise"),
    "run.children": CHILDREN_CHOICES,
    "params.too_long": TOO_LONG_CHOICES,
    "catalog.parameters": PARAMETERS_CHOICES,
    "catalog.unlogged": UNLOGGED_CHOICES,
}
_LEAST = {
    "tracking.timeout": 0,
    "tracking.wait_at_end": 0,
    "tracking.max_copy": 0,
    "params.max_length": 1,
    "catalog.max_leaves": 1,
    "catalog.max_length": 1,
    "inputs.max_bytes": 0,
    "system_metrics.interval": 0.1,
}


def parse(content: Mapping[str, Any] | None, where: str = FILE) -> Config:
    """Check the content of mlflow.yml and make a :class:`Config` of it.

    Args:
        content: What the file says; every key is optional.
        where: The name to use in messages.

    Raises:
        ConfigError: A key is unknown or a value has the wrong type; the message names the file,
            the key and, for an unknown key, the nearest valid one; or no MLflow can be at a URI.

    Example:
        >>> parse({"experiment": {"name": "demo"}}).experiment.name
        'demo'
    """
    content = content or {}
    check_keys(content, Config, where)
    _check_placeholders(content, where)
    _check_choices(content, where)
    config = _typed(content, where)
    for dotted, least in _LEAST.items():
        number = _get(config, dotted)
        if number is not None and number < least:
            raise ConfigError(f"{where}: '{dotted}' must be >= {least}: {number}")
    if config.ui.port is not None and not 0 < config.ui.port < 2**16:
        raise ConfigError(f"{where}: 'ui.port' must be in 1 to 65535: {config.ui.port}")
    _check_names(config.run.kedro_run_params, where)
    _check_separator(config.params.separator, where)
    autolog_options.wanted(config.autolog, where)
    header_checks.check(config.tracking.request_headers, where)
    for dotted in ("tracking.uri", "tracking.registry_uri"):
        if uri := _get(config, dotted):
            uri_checks.check(uri, f"{where}: '{dotted}'")
    pipeline_models(config, where)
    return config


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


def _typed(content: Mapping[str, Any], where: str) -> Config:
    types = get_type_hints(Config)
    given = without_empty(content)
    sections = {
        key: check_types(types[key](**without_empty(value)), where, f"{key}.")
        for key, value in given.items()
        if is_dataclass(types[key])
    }
    # Without the sections, which are checked: to check the whole takes as long as all of them.
    others = {key: value for key, value in given.items() if key not in sections}
    top = make_dataclass("Top", [(key, types[key]) for key in others])
    return Config(**sections, **vars(check_types(top(**others), where)))


def _check_names(names: Any, where: str) -> None:
    if names == ALL:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"{where}: 'run.kedro_run_params' must be a list of names or __ALL__: {names!r}"
        )


def _check_placeholders(content: Mapping[str, Any], where: str) -> None:
    for key in ("name", "description"):
        if isinstance((content.get("run") or {}).get(key), Mapping):  # {pipeline} is one in YAML
            raise ConfigError(
                f"{where}: 'run.{key}' must be a text. Put quotes around one that begins with a "
                f'brace: {key}: "{DESCRIPTION_PLACEHOLDER}"'
            )


def _check_choices(content: Mapping[str, Any], where: str) -> None:
    """Check them before their types, of which there is less to say."""
    for dotted, choices in _CHOICES.items():
        section, key = dotted.split(".")
        value = (content.get(section) or {}).get(key)
        if value is not None:
            check_choice(dotted, value, choices, where)


def _check_separator(separator: str, where: str) -> None:
    joined = f"a{separator}b"
    if not separator or legal_key(joined) != joined:
        raise ConfigError(
            f"{where}: 'params.separator' must be of characters that MLflow allows in keys, as . "
            f"and / are: {separator!r}"
        )


def _get(config: Config, dotted: str) -> Any:
    value: Any = config
    for name in dotted.split("."):
        value = getattr(value, name)
    return value
