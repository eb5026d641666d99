"""Texts of others, such as names of runs and values of parameters, made safe to print."""

from __future__ import annotations

import unicodedata

_NOT_PRINTED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode's categories of control characters, which may move the cursor or change colours."""
_JOINERS = "\u200c\u200d"
"""Characters of the category Cf that belong to words and emojis."""


def printable(text: str) -> str:
    r"""Replace control characters of a text, except for line ends and tabs.

    Example:
        >>> printable("red \x1b[31m")
        'red �[31m'
    """
    return "".join("�" if _is_control(char) and char not in "\n\t" else char for char in text)


def one_line(text: str, length: int | None = None) -> str:
    r"""Write a text in one line that a terminal can show.

    Args:
        text: The text, of any length and with any characters.
        length: The most characters to return; longer texts end in ``…``.

    Example:
        >>> one_line("two\nlines"), one_line("abcdef", 4)
        ('two lines', 'abc…')
    """
    # Only the beginning counts, and a value may have megabytes.
    begin = text if length is None else text[: 4 * length]
    line = printable(" ".join(begin.split()))
    if length is None or (len(line) <= length and len(begin) == len(text)):
        return line
    return f"{line[: length - 1]}…"


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in _NOT_PRINTED and char not in _JOINERS
