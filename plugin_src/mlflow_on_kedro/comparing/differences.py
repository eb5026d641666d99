"""``Difference`` and ``Section``: what is not the same in two runs, by kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        name: What it is.
        before: What the first run has; None: nothing.
        after: What the second run has; None: nothing.
        is_cause: Whether it may explain other results.
        lines: The changed lines of a file, as ``git diff`` shows them.
    """

    name: str
    before: Any = None
    after: Any = None
    is_cause: bool = True
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """The differences of one kind.

    Attributes:
        title: The kind, such as ``Parameters``.
        differences: What differs; empty: nothing, as far as known.
        missing: In which runs it is not recorded: ``A``, ``B``, both or none of them.
        notes: What else is to be said, one line each.
        is_cause: Whether the differences may explain other results.
    """

    title: str
    differences: Sequence[Difference] = ()
    missing: str = ""
    notes: Sequence[str] = ()
    is_cause: bool = True

    @property
    def differs(self) -> bool:
        """Whether anything is known to differ."""
        return bool(self.differences)
