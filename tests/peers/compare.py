"""What two MLflow runs hold, side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Entries = Mapping[str, Any]
"""``kind name`` -> value, as in ``metric score``."""


def _same(theirs: Any, ours: Any) -> bool:
    return bool(theirs == ours)


def any_value(_theirs: Any, _ours: Any) -> bool:
    """For what differs in every run, such as times."""
    return True


def number_as_param(theirs: Any, ours: str) -> bool:
    """For a number that is a metric there and a parameter here."""
    number = {"True": 1.0, "False": 0.0}.get(ours)
    return [value for _, value in theirs] == [float(ours) if number is None else number]


@dataclass(frozen=True)
class Difference:
    """A name that differs by design.

    Attributes:
        theirs: A pattern of ``kind name`` in the peer's run; None: it is there in ours only.
        ours: What it is in ours, with the pattern's groups; None: it is there in theirs only. Where
            ``theirs`` is None, a pattern.
        why: The reason.
        equal: Whether the values agree.
    """

    theirs: str | None
    ours: str | None
    why: str
    equal: Callable[[Any, Any], bool] = _same


def entries(held: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten what :mod:`read_run` has printed.

    A point that was logged twice counts once, as in MLflow's own charts.

    Example:
        >>> entries({"params": {"depth": "3"}, "metrics": {"f1": [[0, 0.5], [0, 0.5]]}})
        {'param depth': '3', 'metric f1': [[0, 0.5]]}
    """
    found: dict[str, Any] = {}
    for kind in ("params", "metrics", "artifacts", "models"):
        for name, value in held.get(kind, {}).items():
            points = kind == "metrics"
            kept = [p for n, p in enumerate(value) if p not in value[:n]] if points else value
            found[f"{kind.removesuffix('s')} {name}"] = kept
    return found


def compare(theirs: Entries, ours: Entries, differences: Iterable[Difference]) -> list[str]:
    """Say what is in one run and not in the other, or is another value there.

    Args:
        theirs: The peer's run.
        ours: The run of the same pipeline here.
        differences: What differs by design. One that explains nothing is said too.

    Returns:
        A line for each.

    Example:
        >>> compare({"metric f1": [[0, 0.5]]}, {"metric f1": [[0, 0.75]]}, [])
        ['metric f1: theirs [[0, 0.5]], ours [[0, 0.75]]']
    """
    differences = list(differences)
    used: set[Difference] = set()
    said, met = [], set()
    for name, value in theirs.items():
        difference = _of_theirs(name, differences)
        here: str | None = name
        if difference is not None:
            used.add(difference)
            here = _name_here(difference, name)
        if here is None:
            continue
        met.add(here)
        as_it_is = f"{name} ({here})" if here != name else name
        equal = difference.equal if difference is not None else _same
        if here not in ours:
            said.append(f"{as_it_is}: theirs {value!r}, ours has none")
        elif not equal(value, ours[here]):
            said.append(f"{as_it_is}: theirs {value!r}, ours {ours[here]!r}")
    for name in ours.keys() - met:
        explained = [
            item for item in _only_here(differences) if re.fullmatch(item.ours or "", name)
        ]
        used.update(explained)
        if not explained:
            said.append(f"{name}: theirs has none, ours {ours[name]!r}")
    unused = [item for item in differences if item not in used]
    said += [f"no such difference: {item.theirs or item.ours} ({item.why})" for item in unused]
    return sorted(said)


def _of_theirs(name: str, differences: Iterable[Difference]) -> Difference | None:
    known = (item for item in differences if item.theirs is not None)
    return next((item for item in known if re.fullmatch(item.theirs or "", name)), None)


def _name_here(difference: Difference, name: str) -> str | None:
    if difference.ours is None:
        return None
    return re.sub(difference.theirs or "", difference.ours, name)


def _only_here(differences: Iterable[Difference]) -> Iterator[Difference]:
    return (item for item in differences if item.theirs is None)
