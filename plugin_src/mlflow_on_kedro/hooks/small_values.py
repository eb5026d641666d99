"""Which of the values that nodes pass on are small enough to be logged without being asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ..journal import values
from ..journal.entries import Unlogged
from ..utils.secret_items import leave_out_secrets
from ..utils.secrets import mask_urls

MAX_POINTS = 1000
"""A list of numbers that is too long for a parameter, up to this many, is a metric's series."""

_NESTED_CHARACTERS = 2  # the least that a value takes in a list's text: itself and a comma


class Limits(NamedTuple):
    """How large a value may be.

    Attributes:
        leaves: The most leaves of a dict.
        length: The most characters of a text, or of a list's text.
    """

    leaves: int
    length: int


@dataclass(frozen=True)
class Leaf:
    """A part of a value that is logged.

    Attributes:
        key: Its name.
        value: What is logged; a list of numbers if it is a series.
        kind: ``metric``, ``param`` or ``series``.
    """

    key: str
    value: Any
    kind: Literal["metric", "param", "series"]


@dataclass
class Choice:
    """What of a value is logged, and what is not."""

    leaves: list[Leaf] = field(default_factory=list)
    unlogged: list[Unlogged] = field(default_factory=list)


def choose(name: str, value: Any, limits: Limits, *, lists: bool = False) -> Choice:
    """Choose what of a value is logged; a dict by its leaves, and not at all if it has too many.

    None is no value, and is neither logged nor missed.

    Args:
        name: The dataset's name.
        value: Any value.
        limits: How large it may be.
        lists: Take lists apart, where the value has not too many leaves then.

    Example:
        >>> choice = choose("report", {"f1": 0.5, "text": "x" * 300}, Limits(100, 250))
        >>> [leaf.key for leaf in choice.leaves], [item.what for item in choice.unlogged]
        (['report.f1'], ['text of 300 characters'])
    """
    try:
        leaves = list(itertools.islice(values.flatten(name, value, lists=lists), limits.leaves + 1))
        if lists and len(leaves) > limits.leaves:
            return choose(name, value, limits)
        if len(leaves) > limits.leaves:
            return Choice(unlogged=[_too_many(name, value, limits)])
        return choose_leaves(name, leaves, limits)
    except RecursionError:
        why, how = "it is nested too deeply", _in_the_catalog("pkl")
        return Choice(unlogged=[_unlogged(name, name, value, why, how)])


def choose_leaves(dataset: str, leaves: Iterable[tuple[str, Any]], limits: Limits) -> Choice:
    """Choose which leaves of a value are logged, each by its type and its size.

    Args:
        dataset: The dataset's name.
        leaves: Keys and leaves.
        limits: How large a leaf may be.
    """
    choice = Choice()
    for key, leaf in leaves:
        kind = values.kind_of(leaf)
        if leaf is None:
            continue
        if kind is None:
            why, how = "it is no number, text, list or dict", _in_the_catalog(_file_kind(leaf))
            choice.unlogged.append(_unlogged(dataset, key, leaf, why, how))
        elif kind == "metric":
            choice.leaves.append(Leaf(key, leaf, "metric"))
        elif _fits(leaf, limits.length):
            shown, hidden = leave_out_secrets(key, leaf)
            if shown is not None:
                choice.leaves.append(Leaf(key, shown, "param"))
            choice.unlogged += [_secret(dataset, name) for name in hidden]
        elif _is_series(leaf):
            choice.leaves.append(Leaf(key, leaf, "series"))
        else:
            choice.unlogged.append(_too_long(dataset, key, leaf, limits))
    return choice


def _is_series(leaf: Any) -> bool:
    is_short = isinstance(leaf, list | tuple) and len(leaf) <= MAX_POINTS
    return is_short and all(map(values.is_number, leaf))


def _fits(leaf: Any, length: int) -> bool:
    """Whether a leaf's text has at most so many characters; no large one is written for that."""
    return _room(leaf, length + _NESTED_CHARACTERS) >= 0 and len(values.param_text(leaf)) <= length


def _room(value: Any, room: int) -> int:
    """How many of some characters are left at most by a value's text; negative: it is too long."""
    room -= _NESTED_CHARACTERS
    if isinstance(value, str):
        return room - len(value) + _NESTED_CHARACTERS
    parts: Iterable[Any] = ()
    if isinstance(value, Mapping):
        parts = itertools.chain.from_iterable(value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        parts = value
    for part in parts:
        if room < 0:
            break
        room = _room(part, room)
    return room


# -- what is not logged ------------------------------------------------------------------------


def _file_kind(value: Any) -> str:
    """The ``dataset`` that most would choose for a value of another type."""
    is_series = getattr(value, "ndim", None) == 1 and hasattr(value, "tolist")
    return "m" if is_series else "csv" if hasattr(value, "to_csv") else "pkl"


def _in_the_catalog(kind: str) -> str:
    return f"list it in the catalog with `type: mlflow_on_kedro.MLflowDataset`, `dataset: {kind}`"


def _unlogged(dataset: str, key: str, value: Any, why: str, how: str) -> Unlogged:
    return Unlogged(mask_urls(dataset), mask_urls(key), _described(value), why, how)


def _too_many(name: str, value: Any, limits: Limits) -> Unlogged:
    why = f"it has more than {limits.leaves:,} values (catalog.max_leaves)"
    how = f"{_in_the_catalog('json')}, or set catalog.max_leaves in mlflow.yml"
    return _unlogged(name, name, value, why, how)


def _too_long(dataset: str, key: str, leaf: Any, limits: Limits) -> Unlogged:
    why = f"it has more than {limits.length:,} characters (catalog.max_length)"
    numbers = isinstance(leaf, list | tuple) and values.is_number(leaf[0])
    kind = "txt" if isinstance(leaf, str) else "m" if numbers else "json"
    if numbers:
        why += f", and more than the {MAX_POINTS:,} numbers of a metric's series"
    how = f"{_in_the_catalog(kind)}, or set catalog.max_length in mlflow.yml"
    return _unlogged(dataset, key, leaf, why, how)


def _secret(dataset: str, name: str) -> Unlogged:
    how = f"catalog.mlflow_catalog: {{{dataset}: a}} in mlflow.yml logs it all the same"
    return _unlogged(dataset, name, None, "its name looks like that of a secret", how)


def _described(value: Any) -> str:
    """Say what a value is, and nothing of its content.

    Example:
        >>> _described([1, 2]), _described("abc")
        ('list of 2 items', 'text of 3 characters')
    """
    if value is None:
        return "secret"
    if isinstance(value, str):
        return f"text of {len(value):,} characters"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return f"{type(value).__name__} of {len(value):,} item{'s' * (len(value) != 1)}"
    return type(value).__name__
