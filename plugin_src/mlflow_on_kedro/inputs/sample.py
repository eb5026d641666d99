"""The digest of data in memory: of all data, or of a sample of large data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .content_hash import LEAST_BYTES, ContentHash, Kind, NoContentError
from .content_kinds import KINDS, add_array, steps
from .fingerprints import Fingerprint, sha256
from .tabular import is_array, table_library

SAMPLE_ROWS = 10_000
SAMPLE_COLUMNS = 10_000
MAX_BYTES = 10_000_000
"""How many bytes are hashed at most. Each value counts 100, so many columns mean fewer rows."""

# NumPy's kinds of types whose bytes are the values.
_PLAIN = "biufmM"


def of_data(data: Any) -> Fingerprint | None:
    """Return the digest of at most ``SAMPLE_ROWS`` rows or items, evenly spaced.

    However large the cells are, about ``MAX_BYTES`` bytes of all of them are hashed.

    Returns:
        None for data that are no table, array, collection or text, or with a part that has no text
        that is the same in every process.

    Example:
        >>> of_data([1, 2, 3]).of
        'loaded data'
    """
    for fits, add in _KINDS:
        if fits(data):
            hashed = ContentHash(_IN_CELLS)
            try:
                count, step = add(hashed, data, MAX_BYTES)
            except NoContentError:
                return None
            of = "loaded data" if step == 1 else f"every {step}. row of the loaded data"
            if not hashed.is_whole:
                of = f"parts of the {of}" if step == 1 else f"parts of {of}"
            return Fingerprint(sha256([count, hashed.digest]), of)
    return None


def _step(limit: int, count: int, columns: int = 1, size: int = 0) -> int:
    """Return the step from one hashed row to the next.

    Args:
        limit: About how many bytes are hashed.
        count: The number of rows.
        columns: The number of columns.
        size: The size of all rows in bytes.
    """
    rows = min(SAMPLE_ROWS, limit // LEAST_BYTES // max(1, columns))
    if size > limit:
        rows = min(rows, count * limit // size)
    return max(1, -(-count // max(1, rows)))


# -- each function adds data of one kind, and returns the number of rows and the step -------------


def _pandas(hashed: ContentHash, data: Any, limit: int) -> tuple[int, int]:
    frame = data.to_frame() if not hasattr(data, "columns") else data
    across = _across(hashed, len(frame.columns))
    frame = frame.iloc[:, ::across]
    size = int(frame.memory_usage(index=False).sum())
    step = _step(limit, len(frame), len(frame.columns), size)
    sample = frame.iloc[::step]
    hashed.write(repr(list(map(str, sample.columns))))
    columns = [sample.index, *(sample.iloc[:, n] for n in range(len(sample.columns)))]
    of_columns = [column.to_numpy() for column in columns]
    others = sum(values.dtype.kind not in _PLAIN for values in of_columns)
    for values in of_columns:
        if values.dtype.kind in _PLAIN:
            hashed.write(values.tobytes())
        else:
            hashed.add_all(values.tolist(), limit // others)
    return len(frame), step


def _polars(hashed: ContentHash, data: Any, limit: int) -> tuple[int, int]:
    frame = data if hasattr(data, "columns") else data.to_frame()
    across = _across(hashed, frame.width)
    step = _step(limit, frame.height, frame.width, int(frame.estimated_size()))
    columns = frame[::step].get_columns()[::across]
    for column in columns:
        hashed.write(column.name)
        _polars_column(hashed, column, limit // len(columns), 0)
    return frame.height, step


def _across(hashed: ContentHash, columns: int) -> int:
    """Return the step from one hashed column to the next."""
    step = max(1, -(-columns // SAMPLE_COLUMNS))
    hashed.write(f"{columns} columns")
    hashed.is_whole &= step == 1
    return step


def _polars_column(hashed: ContentHash, column: Any, limit: int, depth: int) -> int:
    """Add the values of a column, or of a cell that is a column itself."""
    hashed.write(f"{column.dtype} {len(column)}")
    kind = type(column.dtype).__name__
    if kind == "Struct":
        fields = column.struct.unnest().get_columns()
        share = limit // max(1, len(fields))
        return sum(_polars_column(hashed, field, share, depth + 1) for field in fields)
    if kind in {"List", "Array"}:  # each cell is a column
        return hashed.add_all([column[n] for n in range(len(column))], limit, depth)
    return hashed.add_all(column.to_list(), limit, depth)


def _array(hashed: ContentHash, data: Any, limit: int) -> tuple[int, int]:
    step = steps(data.shape, limit // LEAST_BYTES, SAMPLE_ROWS)[0] if data.ndim else 1
    sample = data[::step] if data.ndim else data
    hashed.write(repr(data.shape))
    # As many values as of a table, however small each value is.
    add_array(hashed, sample, min(limit, limit // LEAST_BYTES * max(1, data.dtype.itemsize)), 0)
    return data.size, step


def _items(hashed: ContentHash, data: Any, limit: int) -> tuple[int, int]:
    step = _step(limit, len(data))
    hashed.add_all(list(data[::step]), limit)
    return len(data), step


def _whole(hashed: ContentHash, data: Any, limit: int) -> tuple[int, int]:
    hashed.add(data, limit)
    return 1, 1


_TABLE_CHARGE = 100
_Add = Callable[[ContentHash, Any, int], tuple[int, int]]


def _cell_of(add: _Add) -> Callable[[ContentHash, Any, int, int], int]:
    def add_cell(hashed: ContentHash, cell: Any, limit: int, depth: int) -> int:  # noqa: ARG001
        hashed.charge(_TABLE_CHARGE)
        count, step = add(hashed, cell, limit)
        hashed.write(str(count))
        hashed.is_whole &= step == 1
        return limit

    return add_cell


def _polars_cell(hashed: ContentHash, cell: Any, limit: int, depth: int) -> int:
    step = max(1, -(-len(cell) // max(1, limit // LEAST_BYTES)))
    hashed.is_whole &= step == 1
    hashed.write(str(len(cell)))
    return _polars_column(hashed, cell[::step], limit, depth + 1)


def _is_pandas(value: Any) -> bool:
    return table_library(value) == "pandas"


def _is_polars(value: Any) -> bool:  # but not a LazyFrame, whose data are not loaded yet
    return table_library(value) == "polars" and hasattr(value, "to_arrow")


_IN_CELLS: tuple[Kind, ...] = (
    (lambda value: _is_polars(value) and not hasattr(value, "columns"), _polars_cell),
    (_is_polars, _cell_of(_polars)),
    (_is_pandas, _cell_of(_pandas)),
    *KINDS,
)
_KINDS: tuple[tuple[Callable[[Any], bool], _Add], ...] = (
    (_is_pandas, _pandas),
    (_is_polars, _polars),
    (is_array, _array),
    (lambda data: isinstance(data, list | tuple), _items),
    (lambda data: isinstance(data, bytes | str | dict | bool | int | float), _whole),
    # A response of the package requests, which `api.APIDataset` loads.
    (
        lambda data: isinstance(getattr(data, "content", None), bytes),
        lambda hashed, data, limit: _whole(hashed, data.content, limit),
    ),
)
