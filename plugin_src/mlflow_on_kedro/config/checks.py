"""Checks that every part of mlflow.yml goes through: its keys, its types, its choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from ..errors import ConfigError
from ..secrets import mask_urls
from ..suggestions import nearest
from . import kedro_mlflow

SectionT = TypeVar("SectionT")

_KINDS = {
    "<class 'bool'>": "true or false",
    "<class 'float'>": "a number",
    "<class 'int'>": "a whole number",
    "<class 'str'>": "a text",
    "typing.Optional[str]": "a text",
    "typing.Optional[int]": "a whole number",
    "typing.Optional[bool]": "true or false",
    "typing.Optional[float]": "a number",
    "list[str]": "a list of texts",
    "dict[str, typing.Any]": "a mapping",
}
_NEEDED = {"credentials": "the name of an entry of credentials.yml"}
_NOT_SHOWN = frozenset({"credentials", "request_headers"})

FILE = "mlflow.yml"
ALL = "__ALL__"
"""PipelineX's word for every name there is."""

MODES = ("online", "offline")
COPY_MODES = ("assign", "copy", "deepcopy")
PARAMETERS_CHOICES = ("params", "by_type", "none")
UNLOGGED_CHOICES = ("info", "warn", "ignore", "error")


def check_choice(key: str, value: Any, choices: tuple[str, ...], where: str) -> None:
    """Check that a value is one of a few.

    Raises:
        ConfigError: It is not; the message lists the choices.
    """
    if value not in choices:
        raise ConfigError(f"{where}: '{key}' must be one of {', '.join(choices)}: {value!r}")


def check_keys(content: Any, section: type, where: str, prefix: str = "") -> None:
    """Find a key that a section does not have, on any level.

    Args:
        content: What the file says.
        section: The dataclass of the section.
        where: The name to use in messages.
        prefix: What the section's keys begin with.

    Raises:
        ConfigError: A key is unknown, or the content is no mapping.
    """
    if not isinstance(content, Mapping):
        place = f"'{prefix.rstrip('.')}'" if prefix else "it"
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
            check_keys(value, types[key], where, f"{prefix}{key}.")


def check_types(section: SectionT, where: str, prefix: str = "") -> SectionT:
    """Convert the values of a section to the types that its dataclass says.

    Args:
        section: The section as it was given; the other arguments are as for :func:`check_keys`.
        where: See there.
        prefix: See there.

    Raises:
        ConfigError: A value is of another type.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        # Not by merging into it: OmegaConf before 2.4 refuses that for frozen dataclasses.
        checked: Any = OmegaConf.to_object(OmegaConf.structured(section))
    except OmegaConfBaseException as error:
        name = str(getattr(error, "full_key", None)).partition(".")[0].partition("[")[0]
        value = getattr(section, name, None)
        shown = "" if name in _NOT_SHOWN else f", not {mask_urls(repr(value))[:200]}"
        needed = _NEEDED.get(name) or _KINDS.get(str(get_type_hints(type(section)).get(name)))
        reason = f": it must be {needed}{shown}" if needed else ""
        raise ConfigError(f"{where}: '{prefix}{name}' has a wrong value{reason}.") from None
    return checked  # type: ignore[no-any-return]


def without_empty(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out empty keys ("tags:" and nothing below), which mean their defaults."""
    return {key: value for key, value in content.items() if value is not None}
