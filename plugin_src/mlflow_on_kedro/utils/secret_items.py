"""Remove secrets from nested dicts and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .secrets import is_secret


def leave_out(key: str, value: Any, hides: Callable[[str, Any], bool]) -> Any:
    """Copy nested dicts and lists without hidden items, and without dicts that become empty.

    Args:
        key: The name of the value; "" for none.
        value: Any value; one without hidden items is returned unchanged.
        hides: A function of an item's name and value that returns whether it is hidden. The name
            consists of the names and numbers in lists that lead to the item, joined by ``.``.

    Example:
        >>> hosts = [{"name": "a", "password": "x"}]
        >>> leave_out("db", {"hosts": hosts}, lambda name, _: "password" in name)
        {'hosts': [{'name': 'a'}]}
    """
    if isinstance(value, Mapping):
        left = {}
        for name, item in value.items():
            inner = f"{key}.{name}" if key else str(name)
            if hides(inner, item):
                continue
            rest = leave_out(inner, item, hides)
            if rest is item or rest or not item:
                left[name] = rest
        is_whole = len(left) == len(value) and all(left[name] is value[name] for name in left)
        return value if is_whole else left
    if isinstance(value, list | tuple):
        rests = [
            leave_out(f"{key}.{place}", item, hides)
            if isinstance(item, Mapping | list | tuple)
            else item
            for place, item in enumerate(value)
        ]
        if any(rest is not item for rest, item in zip(rests, value, strict=True)):
            return tuple(rests) if isinstance(value, tuple) else rests
    return value


def leave_out_secrets(key: str, value: Any) -> tuple[Any, list[str]]:
    """Remove what looks like a secret, at any depth; numbers never do, as in ``token: 512``.

    Args:
        key: The name of the value; "" for none.
        value: Any value.

    Returns:
        The rest of the value, None if it is a secret itself; and the names of what was removed.

    Example:
        >>> leave_out_secrets("db", {"user": "me", "password": "x"})
        ({'user': 'me'}, ['db.password'])
    """
    hidden: list[str] = []

    def hides(name: str, item: Any) -> bool:
        is_hidden = not isinstance(item, Mapping) and is_secret(name, item)
        if is_hidden:
            hidden.append(name)
        return is_hidden

    return (None if hides(key, value) else leave_out(key, value, hides)), hidden
