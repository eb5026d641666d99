"""What tells data from other data, and what it was made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fingerprint:
    """What tells data from other data.

    Attributes:
        value: Hexadecimal SHA-256.
        of: What it was made from, in words.
        size: The size of the files in bytes.
        is_checksum: It is the SHA-256 of one file, as other tools compute it.
    """

    value: str
    of: str
    size: int | None = None
    is_checksum: bool = False


def sha256(value: Any) -> str:
    """The SHA-256 of a value as JSON.

    Example:
        >>> sha256({"a": 1, "b": 2}) == sha256({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
