"""Which run has written a local file: a note of each save in the project's working folder.

On the machine of a run's workers a file from an earlier run may lie where the run's own is
expected, because the node that wrote it ran on another machine.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from .store import WORKING_FOLDER

FOLDER = "saved"


def note(root: Path, path: Path, run: str) -> None:
    """Note that a run has written a file or folder.

    Args:
        root: The project's root.
        path: What was written.
        run: What identifies the run.

    Raises:
        OSError: The note cannot be written.
    """
    target = _note_of(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(f".{hashlib.sha256(run.encode()).hexdigest()[:8]}")
    scratch.write_text(json.dumps([run, *_state(path)]), encoding="utf-8")
    scratch.replace(target)


def is_of(root: Path, path: Path, run: str) -> bool:
    """Whether a run has written a file or folder, and nobody else since."""
    try:
        noted = json.loads(_note_of(root, path).read_text(encoding="utf-8"))
        return bool(noted == [run, *_state(path)])
    except (OSError, ValueError):
        return False


def _note_of(root: Path, path: Path) -> Path:
    name = hashlib.sha256(path.absolute().as_posix().encode()).hexdigest()[:32]
    return root / WORKING_FOLDER / FOLDER / f"{name}.json"


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
