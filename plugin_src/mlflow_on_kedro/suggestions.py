"""The name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALIKE = 0.5


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known names was meant; "" when none is like it.

    Example:
        >>> did_you_mean("datset", ["flavor", "dataset"])
        " Did you mean 'dataset'?"
    """
    meant = difflib.get_close_matches(name, list(known), n=1, cutoff=_ALIKE)
    return f" Did you mean '{meant[0]}'?" if meant else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The nearest of the known names; None when there is none at all.

    Example:
        >>> nearest("trackng", ["run", "tracking"])
        'tracking'
    """
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return found[0] if found else None
