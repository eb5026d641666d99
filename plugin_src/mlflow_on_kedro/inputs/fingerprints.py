"""``Fingerprint``: a digest, and a description of what it was computed from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fingerprint:
    """A digest of data.

    Attributes:
        value: A hexadecimal SHA-256.
        of: What it was computed from, in words.
        size: The size of the files in bytes.
        is_checksum: Whether it is the SHA-256 of one file, as other tools compute it.
    """

    value: str
    of: str
    size: int | None = None
    is_checksum: bool = False


def sha256(value: Any) -> str:
    """Return the SHA-256 of a value as JSON.

    Example:
        >>> sha256({"a": 1, "b": 2}) == sha256({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
