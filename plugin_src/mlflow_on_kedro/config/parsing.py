"""From the content of mlflow.yml to dataclasses, with every check of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, make_dataclass, replace
from typing import Any, get_type_hints

from ..errors import ConfigError
from ..utils.mlflow_limits import legal_key
from . import autolog_options, header_checks, trace_options, uri_checks
from .checks import (
    ALL,
    FILE,
    SectionT,
    check_choices,
    check_keys,
    check_minimums,
    check_types,
    without_empty,
)
from .model_entries import pipeline_models
from .sections import DESCRIPTION_PLACEHOLDER, Config
from .sweep_entries import check_sweep

_HOURS_OF_A_DAY = 24


def parse(content: Mapping[str, Any] | None, where: str = FILE) -> Config:
    """Check the content of mlflow.yml and make a :class:`Config` of it.

    Args:
        content: The content of the file; every key is optional.
        where: The name to use in messages.

    Raises:
        ConfigError: A key is unknown, or a value is of a wrong type or not allowed. The message
            names the file, the key and, for an unknown key, the nearest valid one.

    Example:
        >>> parse({"experiment": {"name": "demo"}}).experiment.name
        'demo'
    """
    content = content or {}
    check_keys(content, Config, where)
    _check_placeholders(content, where)
    config = _typed(content, where)
    for item in fields(config):
        section = getattr(config, item.name)
        if is_dataclass(section):
            check_minimums(section, where, f"{item.name}.")
    if config.ui.port is not None and not 0 < config.ui.port < 2**16:
        raise ConfigError(f"{where}: 'ui.port' must be in 1 to 65535: {config.ui.port}")
    if not abs(hours := config.run.offset_hours) < _HOURS_OF_A_DAY:
        raise ConfigError(f"{where}: 'run.offset_hours' must be above -24 and below 24: {hours}")
    _check_names(config.run.kedro_run_params, where)
    _check_separator(config.params.separator, where)
    autolog_options.parse(config.autolog, where)
    trace_options.detail_of(config.trace, where)
    header_checks.check(config.tracking.request_headers, where)
    for key in ("uri", "registry_uri"):
        if uri := getattr(config.tracking, key):
            uri_checks.check(uri, f"{where}: 'tracking.{key}'")
    pipeline_models(config, where)
    for name, entry in config.sweep.items():
        check_sweep(str(name), entry, where)
    return config


def restore(settings: Mapping[str, Any]) -> Config:
    """Make a :class:`Config` of the result of ``dataclasses.asdict``, without any check."""
    types = get_type_hints(Config)
    return Config(
        **{
            key: types[key](**value) if is_dataclass(types[key]) else value
            for key, value in settings.items()
        }
    )


def override(section: SectionT, **given: Any) -> SectionT:
    """Replace the keys of a section that are given (not None)."""
    chosen = {key: value for key, value in given.items() if value is not None}
    if not chosen:  # which is so for most values of a run
        return section
    return replace(section, **chosen)  # type: ignore[type-var]


def _typed(content: Mapping[str, Any], where: str) -> Config:
    types = get_type_hints(Config)
    given = without_empty(content)
    for key, value in given.items():
        if is_dataclass(types[key]):
            check_choices(value, types[key], where, f"{key}.")
    sections = {
        key: _typed_section(types[key](**without_empty(value)), where, f"{key}.")
        for key, value in given.items()
        if is_dataclass(types[key])
    }
    # Without the sections, which are checked already: a check takes milliseconds.
    others = {key: value for key, value in given.items() if key not in sections}
    check_choices(others, Config, where, "")
    top = make_dataclass("Top", [(key, types[key]) for key in others])
    return Config(**sections, **vars(check_types(top(**others), where)))


def _typed_section(section: SectionT, where: str, prefix: str) -> SectionT:
    # Of texts, because 1 == True; of `vars`, because some keys are not in a section's own text.
    is_default = repr(vars(section)) == repr(vars(type(section)()))
    return section if is_default else check_types(section, where, prefix)


def _check_names(names: Any, where: str) -> None:
    if names == ALL:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f"{where}: 'run.kedro_run_params' must be a list of names or __ALL__: {names!r}"
        )


def _check_placeholders(content: Mapping[str, Any], where: str) -> None:
    for key in ("name", "description"):
        # In YAML an unquoted {pipeline} is a mapping.
        if isinstance((content.get("run") or {}).get(key), Mapping):
            raise ConfigError(
                f"{where}: 'run.{key}' must be a text. Put quotes around one that begins with a "
                f'brace: {key}: "{DESCRIPTION_PLACEHOLDER}"'
            )


def _check_separator(separator: str, where: str) -> None:
    joined = f"a{separator}b"
    if not separator or legal_key(joined) != joined:
        raise ConfigError(
            f"{where}: 'params.separator' must be of characters that MLflow allows in keys, as . "
            f"and / are: {separator!r}"
        )
