"""What becomes of a catalog entry of another plugin."""

from __future__ import annotations

from collections.abc import Sequence
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
