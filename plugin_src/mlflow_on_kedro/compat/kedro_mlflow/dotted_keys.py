"""Content of a YAML file by dotted keys, such as ``tracking.experiment.name``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def has_key(content: Any, key: str) -> bool:
    """Whether content has a key with its section, such as ``experiment.name``."""
    head, _, below = key.partition(".")
    if not isinstance(content, Mapping) or head not in content:
        return False
    return not below or has_key(content[head], below)


def get(content: Any, key: str) -> Any:
    """Return the value of a key; None if it is not there."""
    for name in key.split("."):
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def put(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a key, and make the sections that it needs; a mapping is added to the one there."""
    *sections, name = key.split(".")
    for section in sections:
        if content.get(section) is None:
            content[section] = {}
        content = content[section]
        if not isinstance(content, dict):  # a mistake of the user's, which is found later
            return
    given = content.get(name)
    if isinstance(given, dict) and isinstance(value, Mapping):
        value = {**given, **value}
    content[name] = value


def remove(content: dict[str, Any], key: str) -> None:
    """Remove a key, and the sections that are empty then."""
    head, _, below = key.partition(".")
    section = content.get(head)
    if below and isinstance(section, dict):
        remove(section, below)
        if section:
            return
    content.pop(head, None)


def copy(content: Any) -> Any:
    """Copy content with all its sections."""
    if not isinstance(content, Mapping):
        return content
    return {key: copy(value) for key, value in content.items()}
