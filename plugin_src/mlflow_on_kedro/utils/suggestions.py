"""Suggest a known name for a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SIMILAR = 0.5
_ALIKE = 0.82


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that suggests the most similar known name; "" if none is similar.

    Example:
        >>> did_you_mean("datset", ["flavor", "dataset"])
        " Did you mean 'dataset'?"
    """
    meant = _nearest(name, known, _SIMILAR)
    return f" Did you mean '{meant}'?" if meant is not None else ""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the most similar of the known names; None if there are no known names.

    Example:
        >>> nearest("trackng", ["run", "tracking"])
        'tracking'
    """
    return _nearest(name, known, 0.0)


def alike(name: str, other: str) -> bool:
    """Whether a name is probably a misspelling of another.

    Example:
        >>> alike("mlfow", "mlflow"), alike("model", "mlflow")
        (True, False)
    """
    return _nearest(name, [other], _ALIKE) is not None


def _nearest(name: str, known: Iterable[str], least: float) -> str | None:
    """Return the most similar name, ignoring case, dashes and underscores."""
    by_letters: dict[str, str] = {}
    for one in known:
        by_letters.setdefault(_letters(one), one)  # the first of several spellings
    found = difflib.get_close_matches(_letters(name), list(by_letters), n=1, cutoff=least)
    return by_letters[found[0]] if found else None


def _letters(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
