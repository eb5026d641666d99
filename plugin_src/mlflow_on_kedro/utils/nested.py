"""Nested dicts, and the flat keys of their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def flatten(
    key: str,
    value: Any,
    separator: str = ".",
    levels: int | None = None,
    *,
    lists: bool = False,
) -> Iterator[tuple[str, Any]]:
    """Yield ``(key, leaf)`` for each leaf of nested dicts.

    An empty dict is a leaf, so that it is not lost.

    Args:
        key: The name of the value; "" for none.
        value: Any value.
        separator: What joins the keys.
        levels: How many levels of dicts are flattened; None: all.
        lists: Flatten lists, too; an item's name is its index.

    Example:
        >>> list(flatten("train", {"size": 32, "on": {}}))
        [('train.size', 32), ('train.on', {})]
        >>> list(flatten("features", ["age", "size"], lists=True))
        [('features.0', 'age'), ('features.1', 'size')]
    """
    items: Iterable[tuple[Any, Any]] | None = None
    if isinstance(value, Mapping):
        items = value.items()
    elif lists and isinstance(value, list):
        items = enumerate(value)
    if items is not None and value and levels != 0:
        below = levels - 1 if levels is not None else None
        for name, item in items:
            joined = f"{key}{separator}{name}" if key else str(name)
            yield from flatten(joined, item, separator, below, lists=lists)
    else:
        yield key, value


def unflatten(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Build nested dicts from keys joined by ``.``; the inverse of :func:`flatten`.

    Example:
        >>> unflatten({"train.size": 32, "train.on": True})
        {'train': {'size': 32, 'on': True}}
    """
    tree: dict[str, Any] = {}
    branches = {key[:place] for key in leaves for place, char in enumerate(key) if char == "."}
    for key, leaf in leaves.items():
        *parents, last = key.split(".")
        if key in branches:  # `a` and `a.b` both hold a value
            parents, last = [*parents, last], ""
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = leaf
    return tree


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Merge nested dicts; the values of the second win.

    Example:
        >>> merged({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}})
        {'a': {'x': 1, 'y': 3}}
    """
    result = dict(first)
    for key, value in second.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result
