"""The digest of data in memory: of all of them if they are few, else of a sample."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from .fingerprints import Fingerprint, sha256
from .tabular import is_array, table_library

SAMPLE_ROWS = 10_000


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
            sample, count = take(data)
            if sample is None:
                return None
            of = "loaded data"
            if count > SAMPLE_ROWS:
                of = f"a sample of {SAMPLE_ROWS} rows of the loaded data"
            return Fingerprint(sha256([count, hashlib.sha256(sample).hexdigest()]), of)
    return None


def _step(count: int) -> int:
    return max(1, -(-count // SAMPLE_ROWS))


def _of_pandas(data: Any) -> tuple[bytes, int]:
    sample = data.iloc[:: _step(len(data))]
    return sample.to_csv(lineterminator="\n").encode("utf-8", "backslashreplace"), len(data)


def _of_polars(data: Any) -> tuple[bytes, int]:
    frame = data if hasattr(data, "columns") else data.to_frame()
    sample = frame[:: _step(len(frame))]
    return repr((frame.columns, sample.rows())).encode("utf-8", "backslashreplace"), len(frame)


def _of_array(data: Any) -> tuple[bytes, int]:
    flat = data.reshape(-1)
    sample = flat[:: _step(flat.size)].tolist()
    return repr((str(data.dtype), data.shape, sample)).encode("utf-8", "replace"), flat.size


def _of_items(data: Any) -> tuple[bytes | None, int]:
    items = list(data.items()) if isinstance(data, dict) else data
    sample = items[:: _step(len(items))]
    try:
        return json.dumps(sample, sort_keys=True).encode(), len(items)
    except (TypeError, ValueError):  # what is in them has no text that is always the same
        return None, 0


def _of_scalar(data: Any) -> tuple[bytes, int]:
    return repr(data).encode("utf-8", "backslashreplace"), 1


_Take = Callable[[Any], tuple[bytes | None, int]]
_KINDS: tuple[tuple[Callable[[Any], bool], _Take], ...] = (
    (lambda data: table_library(data) == "pandas", _of_pandas),
    (lambda data: table_library(data) == "polars" and hasattr(data, "to_arrow"), _of_polars),
    (is_array, _of_array),
    (lambda data: isinstance(data, bytes), lambda data: (data, 1)),
    (lambda data: isinstance(data, list | tuple | dict), _of_items),
    (lambda data: isinstance(data, str | bool | int | float), _of_scalar),
    # A response of the package requests, as `api.APIDataset` gives it.
    (
        lambda data: isinstance(getattr(data, "content", None), bytes),
        lambda data: (data.content, 1),
    ),
)
