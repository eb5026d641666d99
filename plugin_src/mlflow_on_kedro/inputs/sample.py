"""The digest of data in memory: of all of them if they are few, else of a sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .fingerprints import Fingerprint, sha256
from .tabular import is_array, table_library

SAMPLE_ROWS = 10_000
SAMPLE_VALUES = 100_000
"""The most values of a table: of one with many columns, fewer rows are looked at."""

MAX_BYTES = 1_000_000
"""How much of a text, or of a collection as JSON, is looked at."""

# Kinds of NumPy's types whose bytes are the values.
_PLAIN = "biufmM"


def of_data(data: Any) -> Fingerprint | None:
    """Make the digest of data: of at most ``SAMPLE_ROWS`` rows or items, evenly spaced.

    Returns:
        None for data that are no table, array, collection or text.

    Example:
        >>> of_data([1, 2, 3]).of
        'loaded data'
    """
    for fits, take in _KINDS:
        if fits(data):
            sample = take(data)
            if sample is None:
                return None
            of = (
                "loaded data"
                if sample.step == 1
                else f"every {sample.step}. row of the loaded data"
            )
            of = f"the beginning of the {of}" if sample.is_cut else of
            return Fingerprint(sha256([sample.count, sample.digest]), of)
    return None


@dataclass(frozen=True)
class _Sample:
    """Some of the data.

    Attributes:
        digest: What tells it from others.
        count: How many rows or items all the data have.
        step: Each of how many was looked at.
        is_cut: Only the beginning of that was looked at.
    """

    digest: str
    count: int = 1
    step: int = 1
    is_cut: bool = False


def _of_bytes(content: bytes | str) -> _Sample:
    start = content[:MAX_BYTES]
    start = start.encode("utf-8", "backslashreplace") if isinstance(start, str) else start
    count = len(content)
    return _Sample(hashlib.sha256(start).hexdigest(), count, is_cut=count > MAX_BYTES)


def _of_text(value: Any, count: int = 1, step: int = 1) -> _Sample:
    text = repr(value).encode("utf-8", "backslashreplace")
    return _Sample(hashlib.sha256(text).hexdigest(), count, step)


def _step(count: int, columns: int = 1) -> int:
    rows = max(1, min(SAMPLE_ROWS, SAMPLE_VALUES // max(1, columns)))
    return max(1, -(-count // rows))


def _of_pandas(data: Any) -> _Sample:
    frame = data.to_frame() if not hasattr(data, "columns") else data
    step = _step(len(frame), len(frame.columns))
    sample = frame.iloc[::step]
    hashed = hashlib.sha256(repr(list(map(str, sample.columns))).encode("utf-8", "replace"))
    for values in (sample.index, *(sample.iloc[:, n] for n in range(len(sample.columns)))):
        column = values.to_numpy()
        if column.dtype.kind in _PLAIN:
            hashed.update(column.tobytes())
        else:
            hashed.update(repr(column.tolist()).encode("utf-8", "backslashreplace"))
    return _Sample(hashed.hexdigest(), len(frame), step)


def _of_polars(data: Any) -> _Sample:
    frame = data if hasattr(data, "columns") else data.to_frame()
    step = _step(len(frame), len(frame.columns))
    return _of_text((frame.columns, frame[::step].rows()), len(frame), step)


def _of_array(data: Any) -> _Sample:
    flat = data.reshape(-1)
    step = _step(flat.size)
    return _of_text((str(data.dtype), data.shape, flat[::step].tolist()), flat.size, step)


def _of_items(data: Any) -> _Sample | None:
    items = list(data.items()) if isinstance(data, dict) else data
    step = _step(len(items))
    hashed, size = hashlib.sha256(), 0
    try:
        # Piece by piece: a single item may hold millions of others.
        for piece in json.JSONEncoder(sort_keys=True).iterencode(items[::step]):
            size += len(piece)
            if size > MAX_BYTES:
                break
            hashed.update(piece.encode())
    except (TypeError, ValueError):  # what is in them has no text that is always the same
        return None
    return _Sample(hashed.hexdigest(), len(items), step, is_cut=size > MAX_BYTES)


_Take = Callable[[Any], "_Sample | None"]
_KINDS: tuple[tuple[Callable[[Any], bool], _Take], ...] = (
    (lambda data: table_library(data) == "pandas", _of_pandas),
    (lambda data: table_library(data) == "polars" and hasattr(data, "to_arrow"), _of_polars),
    (is_array, _of_array),
    (lambda data: isinstance(data, bytes | str), _of_bytes),
    (lambda data: isinstance(data, list | tuple | dict), _of_items),
    (lambda data: isinstance(data, bool | int | float), _of_text),
    # A response of the package requests, as `api.APIDataset` gives it.
    (
        lambda data: isinstance(getattr(data, "content", None), bytes),
        lambda data: _of_bytes(data.content),
    ),
)
