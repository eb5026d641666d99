"""Hashing values of any kind within a limit of time and memory, the same in every process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

LEAST_BYTES = 100
"""What each value counts, at least, so that a limit in bytes is one of values too."""
MAX_VALUES = 200_000
"""How many values are looked at one by one, whatever is in what."""
MAX_DEPTH = 50
"""How deep values in values are looked at; what is in itself has no end."""
# Kinds whose text says all; text and integers may be long.
_PLAIN = frozenset({str, int, float, bool, type(None)})
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


class NoContentError(Exception):
    """A value has neither text nor parts that are the same in every process."""


class ContentHash:
    """The hash of values that are added to it, each within a limit.

    Of what is beyond the limit some is left out: items of a collection in even steps, the middle of
    a text, values of an array. Its length counts all the same.

    Args:
        kinds: Kinds of values: whether a value is one, and what adds it. Of others it is their
            text.

    Example:
        >>> hashed = ContentHash()
        >>> hashed.add_all([1, 2, "text"], limit=1000)
        300
        >>> hashed.is_whole
        True
    """

    def __init__(self, kinds: Sequence[Kind] = ()) -> None:
        self._hashed = hashlib.sha256()
        self._kinds = kinds
        self._room = [MAX_VALUES]
        self.is_whole = True
        """Whether nothing was left out."""

    @property
    def digest(self) -> str:
        """What tells the values from others."""
        return self._hashed.hexdigest()

    def write(self, content: bytes | bytearray | memoryview | str) -> int:
        """Add bytes or a text as they are; return what they count."""
        if isinstance(content, str):
            content = content.encode("utf-8", "backslashreplace")
        self._hashed.update(b"%d:" % len(content))
        self._hashed.update(content)
        return max(LEAST_BYTES, len(content))

    def charge(self, values: int) -> None:
        """Count a value that takes as long as so many."""
        self._room[0] -= values

    def add(self, value: Any, limit: int, depth: int = 0) -> int:
        """Add a value.

        Args:
            value: Any value.
            limit: About how many bytes of it are looked at.
            depth: In how many others it is.

        Returns:
            How much of the limit it has used.

        Raises:
            NoContentError: Something in it has no text that is always the same.
        """
        self.charge(1)
        if depth > MAX_DEPTH or self._room[0] < 0:
            self.is_whole = False
            return LEAST_BYTES
        limit = max(limit, LEAST_BYTES)
        for fits, add in self._kinds:
            if fits(value):
                return add(self, value, limit, depth)
        return self.write(_text_of(value)[:limit])

    def add_all(self, items: Sequence[Any], limit: int, depth: int = 0) -> int:
        """Add items; what one does not use of its share of the limit is the others'."""
        text = _plain_text(items, limit)
        if text is not None:
            return max(self.write(text), LEAST_BYTES * len(items))
        left = limit
        for place, item in enumerate(items):
            left -= self.add(item, max(0, left) // (len(items) - place), depth + 1)
        return limit - left

    def add_unordered(
        self, groups: Iterable[Sequence[Any]], count: int, limit: int, depth: int
    ) -> int:
        """Add groups of items whose order means nothing."""
        digests, used = [], 0
        for group in groups:
            part = ContentHash(self._kinds)
            part._room = self._room
            used += part.add_all(group, limit // max(1, count), depth)
            self.is_whole &= part.is_whole
            digests.append(part.digest)
        self.write("".join(sorted(digests)))
        return used


Kind = tuple[Callable[[Any], bool], Callable[[ContentHash, Any, int, int], int]]


def _text_of(value: Any) -> str:
    text = repr(value)
    if _ADDRESS.search(text):
        raise NoContentError(type(value).__name__)
    return f"{type(value).__module__}.{type(value).__qualname__} {text}"


def _plain_text(items: Sequence[Any], limit: int) -> str | None:
    """The text of items that are all plain and not too long, which is much faster than each one."""
    if not _PLAIN.issuperset(map(type, items)):
        return None
    if sum(len(item) for item in items if type(item) is str) > limit:
        return None
    try:
        return repr(list(items))
    except ValueError:  # an integer that Python does not write
        return None
