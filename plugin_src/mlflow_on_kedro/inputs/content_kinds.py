"""How :class:`~.content_hash.ContentHash` adds the values of each kind."""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import enum
import itertools
import math
import pathlib
import uuid
from collections.abc import Sequence
from typing import Any

from .content_hash import LEAST_BYTES, ContentHash, Kind, NoContentError
from .tabular import is_array

_SMALL_SET = 100
_MAX_BITS = 10_000  # Python converts longer integers to text in quadratic time, or not at all

# NumPy's kinds of arrays that store their values, not the addresses of objects.
_BYTES_ARE_VALUES = "biufcmMSUV"
_TEXT_IS_VALUE = (
    *(type(None), bool, float, complex, dt.date, dt.time, dt.timedelta, dt.tzinfo),
    *(decimal.Decimal, enum.Enum, pathlib.PurePath, uuid.UUID),
)


def steps(shape: Sequence[int], most: int, rows: int | None = None) -> list[int]:
    """Choose the steps, axis by axis, in which the values of an array are hashed.

    Args:
        shape: The shape of the array.
        most: How many values are hashed at most.
        rows: How many indices of the first axis are used at most.

    Example:
        >>> steps((20_000, 768), 100_000), steps((2, 1_000_000), 1000)
        ([154, 1], [2, 1000])
    """
    found = []
    for axis, count in enumerate(shape):
        taken = max(1, most // max(1, math.prod(shape[axis + 1 :])))
        if axis == 0 and rows is not None:
            taken = min(taken, rows)
        step = max(1, -(-count // taken))
        found.append(step)
        most //= max(1, -(-count // step))
    return found


def add_array(hashed: ContentHash, values: Any, limit: int, depth: int) -> int:
    """Add a NumPy array; only the values that are hashed are copied.

    Args:
        hashed: The hash.
        values: The array.
        limit: See :meth:`ContentHash.add`.
        depth: See :meth:`ContentHash.add`.
    """
    dtype, shape = values.dtype, values.shape
    by_bytes = dtype.kind in _BYTES_ARE_VALUES and not dtype.hasobject
    chosen = steps(shape, limit // (max(1, dtype.itemsize) if by_bytes else LEAST_BYTES))
    if any(step > 1 for step in chosen):
        hashed.is_whole = False
        values = values[tuple(slice(None, None, step) for step in chosen)]
    hashed.write(f"{dtype.str}{shape}{chosen}")
    if by_bytes:
        return hashed.write(values.tobytes())
    return hashed.add_all(values.reshape(-1).tolist(), limit, depth)


def add_sequence(hashed: ContentHash, items: Sequence[Any], limit: int, depth: int) -> int:
    """Add a sequence with slices."""
    step = max(1, -(-len(items) // max(1, limit // LEAST_BYTES)))
    hashed.is_whole &= step == 1
    hashed.write(f"list {len(items)}")
    return hashed.add_all(list(items[::step]), limit, depth)


def _add_deque(hashed: ContentHash, items: collections.deque[Any], limit: int, depth: int) -> int:
    most = max(1, limit // LEAST_BYTES)
    hashed.is_whole &= len(items) <= most
    hashed.write(f"deque {len(items)}")
    return hashed.add_all(list(itertools.islice(items, most)), limit, depth)


def _add_dict(hashed: ContentHash, value: dict[Any, Any], limit: int, depth: int) -> int:
    hashed.write(f"dict {len(value)}")
    most = max(2, limit // LEAST_BYTES // 2)
    if len(value) <= most:
        if {str}.issuperset(map(type, value)):
            parts = [part for name in sorted(value) for part in (name, value[name])]
            return hashed.add_all(parts, limit, depth)
        return hashed.add_unordered(value.items(), len(value), limit, depth)
    # The items at both ends: steps through a dict would need time for all items.
    hashed.is_whole = False
    ends = (value.items(), reversed(value.items()))
    chosen = [item for end in ends for item in itertools.islice(end, most // 2)]
    return hashed.add_all(chosen, limit, depth)


def _add_set(hashed: ContentHash, value: Any, limit: int, depth: int) -> int:
    used = hashed.write(f"set {len(value)}")
    if len(value) > max(_SMALL_SET, limit // LEAST_BYTES):
        hashed.is_whole = False  # no sample: the order differs from process to process
        return used
    return hashed.add_unordered(([item] for item in value), len(value), limit, depth)


def _add_text(hashed: ContentHash, text: Any, limit: int, depth: int) -> int:  # noqa: ARG001
    if isinstance(text, array.array):
        text = memoryview(text).cast("B")
    if len(text) > limit:
        hashed.is_whole = False
        hashed.write(f"of {len(text)}")
        half = max(1, limit // 2)
        return hashed.write(text[:half]) + hashed.write(text[-half:])
    return hashed.write(text)


def _add_integer(hashed: ContentHash, value: int, limit: int, depth: int) -> int:  # noqa: ARG001
    if value.bit_length() > _MAX_BITS:
        hashed.is_whole = False
        return hashed.write(f"{value.bit_length()} bits {value & ((1 << _MAX_BITS) - 1):x}")
    return hashed.write(str(value) if value.bit_length() <= 64 else f"{value:x}")  # noqa: PLR2004


def _add_object(hashed: ContentHash, value: Any, limit: int, depth: int) -> int:
    """Add an object by its attributes, if its class pickles in Python's default way."""
    try:
        state = value.__reduce_ex__(2)[2]
    except TypeError:  # it cannot be pickled, as a lock cannot
        state = None
    if not state:
        raise NoContentError(type(value).__name__)
    hashed.write(f"{type(value).__module__}.{type(value).__qualname__}")
    return hashed.add(state, limit, depth + 1)


def _is_plain_object(value: Any) -> bool:
    kind: Any = type(value)
    getstate = getattr(object, "__getstate__", None)  # since Python 3.11
    return (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and getattr(kind, "__getstate__", None) is getstate
    )


KINDS: tuple[Kind, ...] = (
    (lambda value: isinstance(value, str | bytes | bytearray | array.array), _add_text),
    (
        lambda value: isinstance(value, int) and not isinstance(value, bool | enum.Enum),
        _add_integer,
    ),
    (
        lambda value: isinstance(value, _TEXT_IS_VALUE),
        lambda hashed, value, limit, _: hashed.write(repr(value)[:limit]),
    ),
    (lambda value: isinstance(value, list | tuple | range), add_sequence),
    (lambda value: isinstance(value, collections.deque), _add_deque),
    (lambda value: isinstance(value, dict), _add_dict),
    (lambda value: isinstance(value, set | frozenset), _add_set),
    # NumPy's scalars have the same attributes as arrays, with no dimension.
    (lambda value: is_array(value) or _is_numpy_scalar(value), add_array),
    (_is_plain_object, _add_object),
)


def _is_numpy_scalar(value: Any) -> bool:
    return type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0
