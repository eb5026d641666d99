"""How much of a run waits for delivery."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import astuple, dataclass

from ..journal.entries import VALUES
from ..journal.folder import Journal


@dataclass(frozen=True)
class PendingSize:
    """How much of a journal waits.

    Attributes:
        entry_bytes: Bytes of its values.
        files: Files of artifacts.
        file_bytes: Bytes of these files.
        set_aside: Entries that were refused.
        may_pass: Those of them that may be accepted later.
    """

    entry_bytes: int = 0
    files: int = 0
    file_bytes: int = 0
    set_aside: int = 0
    may_pass: int = 0

    @classmethod
    def in_journal(cls, journal: Journal | None, positions: Mapping[str, int]) -> PendingSize:
        """Measure what waits in a journal.

        Args:
            journal: The journal; None: there is none.
            positions: How many bytes of each file are delivered.
        """
        if journal is None:
            return cls()
        try:
            sizes = journal.sizes(VALUES)
            set_aside, may_pass = journal.count_set_aside()
            files = [path.stat().st_size for path in journal.waiting_files()]
            children = [cls.in_journal(child, child.delivered) for child in journal.children()]
        except (OSError, ValueError):  # just delivered, or damaged
            return cls()
        waiting = sum(sizes[name] - positions.get(name, 0) for name in sizes)
        own = cls(waiting, len(files), sum(files), set_aside, may_pass)
        return functools.reduce(cls._plus, children, own)

    def _plus(self, other: PendingSize) -> PendingSize:
        return PendingSize(
            *(one + two for one, two in zip(astuple(self), astuple(other), strict=True))
        )

    @property
    def is_set_aside_only(self) -> bool:
        """Whether nothing waits except refused entries."""
        return self.set_aside > 0 and not (self.entry_bytes or self.files)

    @property
    def is_refused_only(self) -> bool:
        """Whether nothing waits except entries that stay refused until the user acts."""
        return self.set_aside > self.may_pass == 0 and not (self.entry_bytes or self.files)

    def in_words(self) -> str:
        """Return a text for messages.

        Example:
            >>> PendingSize(entry_bytes=2000, files=3, file_bytes=45_000_000).in_words()
            '2 kB of values and 3 artifacts (45.0 MB)'
        """
        parts = []
        if self.entry_bytes:
            parts.append(f"{_size(self.entry_bytes)} of values")
        if self.files:
            plural = "s" if self.files > 1 else ""
            parts.append(f"{self.files} artifact{plural} ({_size(self.file_bytes)})")
        if self.set_aside:
            plural = "entries" if self.set_aside > 1 else "entry"
            parts.append(f"{self.set_aside} refused {plural}")
        if not parts:
            return "only its end"
        return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def _size(count: float) -> str:
    if count < 1_000_000:  # noqa: PLR2004 - a megabyte
        return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count:.0f} bytes"  # noqa: PLR2004
    return f"{count / 1_000_000:.1f} MB"
