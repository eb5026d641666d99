"""``Section``: a part of the page of a run, for a terminal, a notebook or a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        title: Its heading; "" for the first.
        rows: Its rows, each of the same number of texts, with any characters.
        note: What follows them; "" for nothing.
    """

    title: str
    rows: Sequence[Sequence[str]] = ()
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.rows and not self.note
