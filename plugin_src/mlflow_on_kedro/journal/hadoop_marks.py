"""Files that Spark and Hadoop write beside the data, and that are no part of an artifact."""

from __future__ import annotations

from collections.abc import Collection

_SUCCESS = "_SUCCESS"


def is_mark(name: str, beside: Collection[str]) -> bool:
    """Return whether a file is a checksum of another one, or the mark that a folder is complete.

    Spark reads the data without them, and MLflow makes its own checks.

    Args:
        name: The file's name.
        beside: The names of all files in its folder.

    Example:
        >>> is_mark(".part-0.parquet.crc", {".part-0.parquet.crc", "part-0.parquet"})
        True
        >>> is_mark(".own.crc", {".own.crc"})
        False
    """
    if name == _SUCCESS:
        return True
    return name.startswith(".") and name.endswith(".crc") and name[1 : -len(".crc")] in beside
