"""What is found in the files of a project: new texts, and what is left to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

MARK = "# kedro mlflow migrate: "
"""How a comment begins that says what is left to do."""


class Finding(NamedTuple):
    """Something that the user has to know or to do.

    Attributes:
        place: The file, with its line if one is meant, such as ``conf/base/catalog.yml:3``.
        message: What it is.
    """

    place: str
    message: str

    def __str__(self) -> str:
        end = "" if self.message.endswith((".", "?")) else "."
        return f"{self.place}: {self.message}{end}"


@dataclass
class Rewritten:
    """What becomes of one file.

    Attributes:
        text: Its new text.
        findings: What is left to do, each with its line in the new text, or in the old one if that
            line is gone; 0: the whole file.
        uses: The names of the plugins whose words it had.
    """

    text: str
    findings: list[tuple[int, str]] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
