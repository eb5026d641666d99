"""What becomes of a catalog entry of another plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Entry = dict[str, Any]


class EntryChange(NamedTuple):
    """What becomes of a catalog entry.

    Attributes:
        entry: The entry here.
        notes: What the user has to know or to do.
    """

    entry: Entry
    notes: Sequence[str] = ()


def check_mappings(entry: Mapping[str, Any], names: Sequence[str]) -> None:
    """Check arguments whose items are changed: a text such as ``${_args}`` has none to change.

    Args:
        entry: The entry, or a part of it.
        names: The names of the arguments; those that are left out are right.

    Raises:
        ValueError: One of them is no mapping; the message says what to do.

    Example:
        >>> check_mappings({"load_args": {"step": 1}}, ["load_args", "save_args"])
    """
    for name in names:
        value = entry.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"'{name}' is {value!r}: write it as a mapping here")
