"""The values of node inputs and outputs that are small enough to be logged automatically."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ..journal import values
from ..journal.entries import Unlogged
from ..utils import nested
from ..utils.secret_items import leave_out_secrets
from ..utils.secrets import mask_urls

MAX_POINTS = 1000
"""The most numbers of a list that becomes a metric's series, if it is too long for a parameter."""

_NESTED_CHARACTERS = 2  # the least that a value takes in a list's text: one character and a comma


class Limits(NamedTuple):
    """The largest values that are logged.

    Attributes:
        leaves: The most values of a dict that has been flattened.
        length: The most characters of a text, or of a list's text.
    """

    leaves: int
    length: int


@dataclass(frozen=True)
class Leaf:
    """A part of a value that is logged: what is no dict, or all of a value that is no dict.

    Attributes:
        key: Its name in MLflow.
        value: A list of numbers if the kind is ``series``.
        kind: ``metric``, ``param`` or ``series``.
    """

    key: str
    value: Any
    kind: Literal["metric", "param", "series"]


@dataclass
class Selection:
    """The parts of a value that are logged, and those that are not."""

    leaves: list[Leaf] = field(default_factory=list)
    unlogged: list[Unlogged] = field(default_factory=list)


def select(name: str, value: Any, limits: Limits, *, lists: bool = False) -> Selection:
    """Select the parts of a value that are logged; none of a dict with too many.

    None is neither logged nor reported as unlogged.

    Args:
        name: The dataset's name.
        value: Any value.
        limits: The largest values that are logged.
        lists: Flatten lists too, unless the value has too many parts then.

    Example:
        >>> selection = select("report", {"f1": 0.5, "text": "x" * 300}, Limits(100, 250))
        >>> [leaf.key for leaf in selection.leaves], [item.what for item in selection.unlogged]
        (['report.f1'], ['text of 300 characters'])
    """
    try:
        leaves = list(itertools.islice(nested.flatten(name, value, lists=lists), limits.leaves + 1))
        if lists and len(leaves) > limits.leaves:
            return select(name, value, limits)
        if len(leaves) > limits.leaves:
            return Selection(unlogged=[_too_many(name, value, limits)])
        return select_leaves(name, leaves, limits)
    except RecursionError:
        why, how = "it is nested too deeply", _in_the_catalog("pkl")
        return Selection(unlogged=[_unlogged(name, name, value, why, how)])


def select_leaves(dataset: str, leaves: Iterable[tuple[str, Any]], limits: Limits) -> Selection:
    """Select parts of a value by their types and sizes.

    Args:
        dataset: The dataset's name.
        leaves: Keys and parts.
        limits: The largest values that are logged.
    """
    selection = Selection()
    for key, leaf in leaves:
        kind = values.kind_of(leaf)
        if leaf is None:
            continue
        if kind is None:
            why, how = "it is no number, text, list or dict", _in_the_catalog(_file_kind(leaf))
            selection.unlogged.append(_unlogged(dataset, key, leaf, why, how))
        elif kind == "metric":
            selection.leaves.append(Leaf(key, leaf, "metric"))
        elif _fits(leaf, limits.length):
            shown, hidden = leave_out_secrets(key, leaf)
            if shown is not None:
                selection.leaves.append(Leaf(key, shown, "param"))
            selection.unlogged += [_secret(dataset, name) for name in hidden]
        elif _is_series(leaf):
            selection.leaves.append(Leaf(key, leaf, "series"))
        else:
            selection.unlogged.append(_too_long(dataset, key, leaf, limits))
    return selection


def _is_series(leaf: Any) -> bool:
    is_short = isinstance(leaf, list | tuple) and len(leaf) <= MAX_POINTS
    return is_short and all(map(values.is_number, leaf))


def _fits(leaf: Any, length: int) -> bool:
    """Whether a value's text has at most so many characters; no long text is created for this."""
    return _room(leaf, length + _NESTED_CHARACTERS) >= 0 and len(values.param_text(leaf)) <= length


def _room(value: Any, room: int) -> int:
    """Subtract at least the length of a value's text from ``room``; negative if it is too long."""
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
    """The kind of ``MLflowDataset`` that fits a value of another type."""
    is_series = getattr(value, "ndim", None) == 1 and hasattr(value, "tolist")
    return "m" if is_series else "csv" if hasattr(value, "to_csv") else "pkl"


def _in_the_catalog(kind: str) -> str:
    return f"list it in the catalog with `type: mlflow_on_kedro.MLflowDataset`, `dataset: {kind}`"


def _unlogged(dataset: str, key: str, value: Any, why: str, how: str) -> Unlogged:
    return Unlogged(mask_urls(dataset), mask_urls(key), _described(value), why, how)


def _too_many(name: str, value: Any, limits: Limits) -> Unlogged:
    why = f"it has more than {limits.leaves:,} values on all levels (catalog.max_leaves)"
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
    """Describe a value without its content.

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
