"""Texts in ``kedro run --params mlflow.…`` as the user typed them: YAML reads ``off`` as false."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, Optional, get_type_hints

from .sections import Config

_OPTION = "--params"
_TEXTS = (str, Optional[str])  # noqa: UP045 - as in sections.py


def as_typed(given: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    """Restore the texts that Kedro has read as numbers, or as true or false.

    Kedro reads the value of each parameter as YAML, so that a run with the name ``off``, ``007`` or
    ``1e5`` would be called False, 7 or 100000.0. Values that are not from this command stay.

    Args:
        given: The session's runtime parameters.
        section: The name of the parameter that holds keys of mlflow.yml.

    Returns:
        The parameters, with each key of mlflow.yml that is a text as the user typed it.
    """
    if not isinstance(given.get(section), Mapping):
        return given
    for key, text in _params_on_command_line(section):
        *above, last = key.split(".")[1:]
        if not last or not _is_text([*above, last]):
            continue
        found = _find(given[section], above)
        if found is not None and _is_read_as(text, found.get(last)):
            given = {**given, section: _replace(given[section], above, last, text)}
    return given


def _params_on_command_line(section: str) -> Iterator[tuple[str, str]]:
    """Find the keys and texts in ``--params`` if this process is a ``kedro run``."""
    import click

    context = click.get_current_context(silent=True)
    if context is None or context.command.name != "run":
        return
    words = iter(sys.argv[1:])
    option = ""
    for word in words:
        if word == _OPTION:
            option = next(words, "")
        elif word.startswith(f"{_OPTION}="):
            option = word.partition("=")[2]
    for item in option.split(","):
        key, _, text = item.strip().partition("=")
        if key.strip().startswith(f"{section}."):
            yield key.strip(), text.strip()


def _is_text(keys: list[str]) -> bool:
    """Whether a key of mlflow.yml is a text; a tag is one, too."""
    hint: Any = Config
    for key in keys:
        if not is_dataclass(hint):
            return keys[-2] == "tags"
        hint = get_type_hints(hint).get(key)
    return hint in _TEXTS


def _find(content: Any, keys: list[str]) -> Mapping[str, Any] | None:
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content if isinstance(content, Mapping) else None


def _is_read_as(text: str, value: Any) -> bool:
    """Whether Kedro reads a text as this number or boolean."""
    if not isinstance(value, bool | int | float):
        return False
    from omegaconf import OmegaConf

    read = OmegaConf.to_container(OmegaConf.from_dotlist([f"key={text}"]))
    return isinstance(read, dict) and repr(read["key"]) == repr(value)


def _replace(content: Mapping[str, Any], above: list[str], key: str, text: str) -> dict[str, Any]:
    if not above:
        return {**content, key: text}
    first, *rest = above
    return {**content, first: _replace(content[first], rest, key, text)}
