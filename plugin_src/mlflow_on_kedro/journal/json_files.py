"""Small JSON files that several processes read and write at the same time."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is damaged.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged.")  # noqa: TRY004 - a damaged file is a ValueError
    return content


def write_object(path: Path, content: dict[str, Any]) -> None:
    """Replace a file in one step, since others may read it, or this process end, at any moment.

    Raises:
        OSError: The disk is full or read-only.
    """
    scratch = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    scratch.write_text(json.dumps(content), encoding="utf-8")
    try:
        scratch.replace(path)
    except PermissionError:  # Windows: another process is reading it
        scratch.unlink(missing_ok=True)
        if not path.exists():
            raise
