"""What is found in the files of a project: new texts, and what is left to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MARK = "# kedro mlflow migrate: "
"""How a comment begins that says what is left to do."""


class Finding(NamedTuple):
    """Something that the user has to know or to do.

    Attributes:
        file: The file, such as ``conf/base/catalog.yml``.
        line: The number of its line; 0: the whole file.
        message: What it is.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        end = "" if self.message.endswith((".", "?")) else "."
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}{end}"


@dataclass
class Rewritten:
    """What becomes of one file.

    Attributes:
        text: Its new text.
        findings: What is left to do, each with its line in the new text, or in the old one if that
            line is gone; 0: the whole file.
        uses: The names of the plugins whose words it had.
        dropped: Keys that are gone because they have no effect here.
    """

    text: str
    findings: list[tuple[int, str]] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)


def marked(text: str) -> Iterator[tuple[int, str]]:
    r"""Find the comments that say what is left to do: their lines, and what they say.

    Example:
        >>> list(marked("a: 1\n  # kedro mlflow migrate: look at it\n"))
        [(2, 'look at it')]
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(MARK):
            yield number, line.strip().removeprefix(MARK)


def line_before(before: str, after: str, line: int) -> int:
    r"""Return the line of the old text that a line of the new one was, or is nearest to.

    Args:
        before: The old text.
        after: The new text.
        line: The line's number in the new text, from 1.

    Example:
        >>> line_before("b\nc\n", "a\nb\nc\n", 3)
        2
    """
    old, new = before.splitlines(), after.splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for _, first, end, start, until in blocks:
        if start < line <= until:
            return min(first + line - start, max(end, first + 1), max(len(old), 1))
    return line
