"""Checks of every section of mlflow.yml: its keys, their types, their choices and limits."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from ..compat.kedro_mlflow import mlflow_yml
from ..errors import ConfigError
from ..utils.secrets import mask_urls
from ..utils.suggestions import nearest
from . import keys, meant_keys

SectionT = TypeVar("SectionT")

_TYPES_IN_WORDS = {
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
_TEXTS = frozenset(hint for hint, words in _TYPES_IN_WORDS.items() if "text" in words)
_EXPECTED = {"credentials": "the name of an entry of credentials.yml"}
_NAMED = {"pipeline_models": "models", "sweep": "sweeps"}
_NOT_SHOWN = frozenset({"credentials", "request_headers"})

_NUMBER = re.compile(r"\s*[-+]?\d+(\.\d+)?\s*")

FILE = "mlflow.yml"
ALL = "__ALL__"
"""PipelineX's word for every name there is."""

COPY_MODES = ("assign", "copy", "deepcopy")


def check_choice(key: str, value: Any, choices: tuple[str, ...], where: str) -> None:
    """Check that a value is one of a few.

    Raises:
        ConfigError: It is none of them; the message lists them.
    """
    if not isinstance(value, str) or value not in choices:
        hint = " (YAML reads on, off, yes and no that way)" if isinstance(value, bool) else ""
        raise ConfigError(f"{where}: '{key}' must be one of {', '.join(choices)}: {value!r}{hint}")


def check_choices(content: Mapping[str, Any], section: type, where: str, prefix: str) -> None:
    """Check the keys of a section that take one of a few words.

    Before their types: the words are the better message.

    Args:
        content: The file's content below ``prefix``.
        section: The dataclass of the section.
        where: The name to use in messages.
        prefix: The start of the section's keys, such as ``tracking.``.

    Raises:
        ConfigError: A value is none of its key's words.
    """
    for key, choices in keys.choices(section).items():
        if content.get(key) is not None:
            check_choice(f"{prefix}{key}", content[key], choices, where)


def check_minimums(section: Any, where: str, prefix: str) -> None:
    """Check the keys of a section that take a number with a lower limit.

    Args:
        section: The section, with values of the right types.
        where: The name to use in messages.
        prefix: The start of the section's keys, such as ``tracking.``.

    Raises:
        ConfigError: A number is too small, infinite or not a number.
    """
    for key, minimum in keys.minimums(section).items():
        number = getattr(section, key)
        if number is not None and not math.isfinite(number):
            raise ConfigError(f"{where}: '{prefix}{key}' must be a finite number: {number}")
        if number is not None and number < minimum:
            raise ConfigError(f"{where}: '{prefix}{key}' must be >= {minimum}: {number}")


def check_keys(content: Any, section: type, where: str, prefix: str = "") -> None:
    """Check that a section has all keys of a file's content, on any level.

    Args:
        content: The file's content below ``prefix``.
        section: The dataclass of the section.
        where: The name to use in messages.
        prefix: The start of the section's keys, such as ``tracking.``.

    Raises:
        ConfigError: Keys are unknown, or the content is no mapping.
    """
    unknown = list(unknown_keys(content, section, where, prefix))
    if len(unknown) == 1:
        raise ConfigError(f"{where}: unknown key {unknown[0]}")
    if unknown:
        raise ConfigError("\n  ".join((f"{where}: {len(unknown)} unknown keys:", *unknown)))


def unknown_keys(content: Any, section: type, where: str, prefix: str = "") -> Iterator[str]:
    """Describe each key that a section does not have, with the nearest one that it has.

    Args:
        content: The file's content below ``prefix``.
        section: The dataclass of the section.
        where: The name to use in messages.
        prefix: The start of the section's keys, such as ``tracking.``.

    Raises:
        ConfigError: The content is no mapping.
    """
    if not isinstance(content, Mapping):
        place = f"'{prefix.rstrip('.')}'" if prefix else "it"
        raise ConfigError(f"{where}: {place} must be a mapping of keys to values: {content!r}")
    known = {item.name: item for item in fields(section)}
    types = get_type_hints(section)
    for key, value in content.items():
        dotted = f"{prefix}{key}"
        if key not in known:
            renamed = mlflow_yml.renamed(dotted, value)
            for name, here in renamed.items():
                now = f"here it is '{here}'" if here else "here it is not needed"
                yield f"'{name}'. It is kedro-mlflow's; {now}."
            if not renamed:
                meant = meant_keys.meant(dotted) or f"{prefix}{nearest(str(key), known)}"
                yield f"'{dotted}'. Did you mean {meant!r}? Valid here: {', '.join(known)}."
            continue
        if key in _NAMED and not isinstance(value, Mapping | None):
            what = _NAMED[key]
            raise ConfigError(f"{where}: '{key}' must be a mapping of names to {what}: {value!r}")
        if is_dataclass(types[key]) and value is not None:
            yield from unknown_keys(value, types[key], where, f"{dotted}.")


def check_types(section: SectionT, where: str, prefix: str = "") -> SectionT:
    """Convert the values of a section to the types that its dataclass declares.

    Args:
        section: The section, with values of any types.
        where: The name to use in messages.
        prefix: The start of the section's keys, such as ``tracking.``.

    Raises:
        ConfigError: A value is of another type.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    _check_booleans(section, where, prefix)
    try:
        # Not by merging: OmegaConf before 2.4 refuses that for frozen dataclasses.
        checked: Any = OmegaConf.to_object(OmegaConf.structured(section))
    except OmegaConfBaseException as error:
        name = str(getattr(error, "full_key", None)).partition(".")[0].partition("[")[0]
        value = getattr(section, name, None)
        shown = "" if name in _NOT_SHOWN else f", not {mask_urls(repr(value))[:200]}"
        expected = _EXPECTED.get(name) or _TYPES_IN_WORDS.get(
            str(get_type_hints(type(section)).get(name))
        )
        if isinstance(value, Mapping) and (keys_given := [x for x in value if type(x) is not str]):
            expected = f"a mapping with texts as keys: put quotes around {keys_given[0]!r}"
            shown = ""
        reason = f": it must be {expected}{shown}" if expected else ""
        raise ConfigError(f"{where}: '{prefix}{name}' has a wrong value{reason}.") from None
    return checked  # type: ignore[no-any-return]


def _check_booleans(section: Any, where: str, prefix: str) -> None:
    """Distinguish numbers and texts from true and false, which OmegaConf converts silently."""
    for name, hint in get_type_hints(type(section)).items():
        value = getattr(section, name)
        values = value if isinstance(value, list) else [value]
        if hint is bool and _NUMBER.fullmatch(str(value)) and float(value) not in {0, 1}:
            raise ConfigError(
                f"{where}: '{prefix}{name}' has a wrong value: it must be true or false, "
                f"not {value!r}."
            )
        if str(hint) in _TEXTS and any(isinstance(one, bool) for one in values):
            raise ConfigError(
                f"{where}: '{prefix}{name}' must be a text, but is true or false: YAML reads "
                'on, off, yes and no that way. Put quotes around it: "off"'
            )


def without_empty(content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out empty keys ("tags:" with nothing below), which have their defaults."""
    return {key: value for key, value in content.items() if value is not None}
