"""``ContentHash``: hashes values of any kind within a limit of time, the same in every process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

LEAST_BYTES = 100
"""How many bytes each value counts at least, so that a limit in bytes also limits the values."""
MAX_VALUES = 200_000
"""How many values are hashed one by one, at any depth."""
MAX_DEPTH = 50
"""How deep nested values are hashed; a value that contains itself has no end."""
# Types whose text is their content; texts and integers may be long.
_PLAIN = frozenset({str, int, float, bool, type(None)})
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")


class NoContentError(Exception):
    """A value has neither a text nor parts that are the same in every process."""


class ContentHash:
    """The hash of values that are added one after the other, each within a limit.

    Beyond the limit, parts are skipped: items of a collection in even steps, the middle of a text,
    values of an array. The length is hashed in any case.

    Args:
        kinds: For each kind of values, whether a value is one, and the function that adds it. A
            value of no kind is hashed by its text.

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
        self._values_left = [MAX_VALUES]  # a list, which parts of an unordered value share
        self.is_whole = True
        """Whether no part was skipped."""

    @property
    def digest(self) -> str:
        """The hash of all that was added, in hexadecimal digits."""
        return self._hashed.hexdigest()

    def write(self, content: bytes | bytearray | memoryview | str) -> int:
        """Add bytes or a text, and return how many bytes they count."""
        if isinstance(content, str):
            content = content.encode("utf-8", "backslashreplace")
        self._hashed.update(b"%d:" % len(content))
        self._hashed.update(content)
        return max(LEAST_BYTES, len(content))

    def charge(self, values: int) -> None:
        """Count a value that takes as long as this many values."""
        self._values_left[0] -= values

    def add(self, value: Any, limit: int, depth: int = 0) -> int:
        """Add a value.

        Args:
            value: Any value.
            limit: About how many bytes of the value are hashed.
            depth: In how many values it is nested.

        Returns:
            How much of the limit the value has used.

        Raises:
            NoContentError: A part has no text that is the same in every process.
        """
        self.charge(1)
        if depth > MAX_DEPTH or self._values_left[0] < 0:
            self.is_whole = False
            return LEAST_BYTES
        limit = max(limit, LEAST_BYTES)
        for fits, add in self._kinds:
            if fits(value):
                return add(self, value, limit, depth)
        return self.write(_text_of(value)[:limit])

    def add_all(self, items: Sequence[Any], limit: int, depth: int = 0) -> int:
        """Add items; the others share what an item does not use of its share of the limit."""
        text = _plain_text(items, limit)
        if text is not None:
            return max(self.write(text), LEAST_BYTES * len(items))
        left = limit
        for number, item in enumerate(items):
            left -= self.add(item, max(0, left) // (len(items) - number), depth + 1)
        return limit - left

    def add_unordered(
        self, groups: Iterable[Sequence[Any]], count: int, limit: int, depth: int
    ) -> int:
        """Add groups of items in any order: the hash is the same."""
        digests, used = [], 0
        for group in groups:
            part = ContentHash(self._kinds)
            part._values_left = self._values_left
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
    """Return the text of items that are all plain and short, which is faster than one by one."""
    if not _PLAIN.issuperset(map(type, items)):
        return None
    if sum(len(item) for item in items if type(item) is str) > limit:
        return None
    try:
        return repr(list(items))
    except ValueError:  # an integer that is too long for Python to write
        return None
