"""The line of pyproject.toml with the Kedro that a project was made with, and what is around it."""

from __future__ import annotations

import re

from kedro import __version__ as kedro_version
from kedro.framework.startup import ProjectMetadata

from .findings import Rewritten

_KEY = "kedro_init_version"
_OLD_KEY = "project_version"  # before Kedro 0.18.9
_TABLE = re.compile(r"^\[tool\.kedro\][^\n]*(?:\n(?![ \t]*\[)[^\n]*)*\n?", re.MULTILINE)
_LINE = re.compile(
    rf"""^(?P<start>[ \t]*)(?P<key>{_KEY}|{_OLD_KEY})(?P<equals>[ \t]*=[ \t]*)"""
    r"""(?P<quote>["'])(?P<version>[^"'\n]*)(?P<end>(?P=quote).*\n?)""",
    re.MULTILINE,
)


def value(text: str, key: str, default: str = "") -> str:
    """Return the text that a key of ``[tool.kedro]`` has.

    Args:
        text: The text of pyproject.toml.
        key: The key.
        default: What is returned where there is no such key.
    """
    found = re.search(
        rf"""^[ \t]*{key}[ \t]*=[ \t]*(["'])([^"'\n]*)\1""", _table(text), re.MULTILINE
    )
    return found[2] if found else default


def old_line(text: str) -> str | None:
    """Return the line because of which Kedro refuses a project that an older Kedro has made.

    Args:
        text: The text of pyproject.toml.

    Returns:
        None if Kedro does not refuse it for that.
    """
    lines = (line for line in _LINE.finditer(_table(text)) if _is_old(line))
    return next((line[0].strip() for line in lines), None)


def rewritten(text: str) -> Rewritten:
    r"""Rewrite ``[tool.kedro]`` of an older Kedro, so that the installed one takes the project.

    Args:
        text: The text of pyproject.toml.

    Example:
        >>> new = rewritten('[tool.kedro]\nproject_version = "0.17.7"\n').text
        >>> new == f'[tool.kedro]\nkedro_init_version = "{kedro_version}"\n'
        True
    """
    found = Rewritten(text)
    if old_line(text) is None:
        return found
    table = _table(text)
    first = next(_LINE.finditer(table)).start()

    def edited(line: re.Match[str]) -> str:
        if line.start() != first:
            return ""
        return f"{line['start']}{_KEY}{line['equals']}{line['quote']}{kedro_version}{line['end']}"

    found.text = text.replace(table, _LINE.sub(edited, table), 1)
    for key in re.finditer(
        r"^(?:\[tool\.kedro\.|[ \t]*)([\w-]+)(?=[ \t]*=|[\].])", found.text, re.MULTILINE
    ):
        is_inside = key[0].startswith("[") or key.start() in _span(found.text)
        if is_inside and key[1] not in ProjectMetadata._fields:
            number = found.text.count("\n", 0, key.start()) + 1
            message = f"Kedro {kedro_version} refuses '{key[1]}' in [tool.kedro]: take it out"
            found.findings.append((number, message))
    return found


def _is_old(line: re.Match[str]) -> bool:
    major = line["version"].partition(".")[0]
    is_older = major.isdigit() and int(major) < int(kedro_version.partition(".")[0])
    return is_older or line["key"] == _OLD_KEY


def _table(text: str) -> str:
    found = _TABLE.search(text)
    return found[0] if found else ""


def _span(text: str) -> range:
    found = _TABLE.search(text)
    return range(*found.span()) if found else range(0)
