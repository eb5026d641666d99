"""Entries as lines of text: one JSON object each."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import fields
from typing import Any

from .entries import VALUES, Entry

_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**63 - 1


def storable(text: str) -> str:
    r"""Escape what some stores refuse: lone surrogates, and NUL (PostgreSQL).

    Example:
        >>> storable("a\0b")
        'a\\x00b'
    """
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def to_line(entry: Entry) -> bytes:
    r"""Write an entry as one line of JSON.

    Example:
        >>> from mlflow_on_kedro.journal.entries import Param
        >>> to_line(Param("depth", "3"))
        b'{"kind": "param", "key": "depth", "value": "3"}\n'
    """
    # Not `asdict`, which copies each value: this is called for each value of a run.
    content: dict[str, Any] = {"kind": entry.kind, **vars(entry)}
    content.pop("snapshot", None)
    line = json.dumps(content)
    if entry.lane == VALUES and "\\u" in line:  # JSON's escape of all that is not ASCII, and of NUL
        stored = {
            name: storable(value) if isinstance(value, str) else value
            for name, value in content.items()
        }
        line = json.dumps(stored)
    return line.encode() + b"\n"


def line_start(kind: type[Entry]) -> bytes:
    r"""Return the beginning of each line with an entry of this kind.

    Example:
        >>> from mlflow_on_kedro.journal.entries import Param
        >>> line_start(Param)
        b'{"kind": "param", '
    """
    return f'{{"kind": "{kind.kind}", '.encode()


def from_line(line: bytes) -> Entry:
    """Read an entry that :func:`to_line` has written.

    Raises:
        ValueError: The line is damaged.
    """
    try:
        content = json.loads(line)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(content, dict):
        raise ValueError("no object")  # noqa: TRY004 - a damaged line is always a ValueError
    kind: Any = Entry.kinds.get(str(content.pop("kind", None)))
    types = _types(kind) if kind is not None else {}
    if kind is None or not types.keys() - kind.since <= content.keys() <= types.keys():
        raise ValueError("not the fields of an entry")
    for name, value in content.items():
        if not _fits(value, types[name]):
            raise ValueError(f"'{name}' is no {types[name]}")
    entry: Entry = kind(**content)
    if entry.lane == VALUES and (b"\\u" in line or not line.isascii()):
        json.dumps(content, ensure_ascii=False).encode()  # no store takes lone surrogates
    return entry


@functools.cache
def _types(kind: Any) -> dict[str, str]:
    """Return the type of each field of an entry that is in its line."""
    return {item.name: str(item.type) for item in fields(kind) if item.name != "snapshot"}


def _fits(value: Any, type_name: str) -> bool:
    # A store would refuse a value that does not fit each time, and all that follows it.
    if type_name == "str":
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return type_name == "float" and not math.isinf(value)
    return isinstance(value, int) and _MIN_INTEGER <= value <= _MAX_INTEGER
