"""Which run has written a local file: a note of each save in the project's working folder.

If nodes run on several machines, a machine may have a file of an earlier run where a node expects
the file that this run has written on another machine.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal.snapshot import State, state_of
from ..tracking.store import working_folder

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

FOLDER = "saved"
OLD_SECONDS = 30 * 24 * 3600.0


def id_of(run: TrackedRun) -> str:
    """The id of a run in these notes, which it has before MLflow gives it one; "" if joined.

    A child run of ``run.children`` has that of the pipeline's run.
    """
    return run.whole.key or run.whole.journal_id


def note(root: Path, path: Path, run: str, state: State) -> None:
    """Note that a run has written a file or folder.

    Args:
        root: The project's root.
        path: What was written.
        run: The run: see :func:`id_of`.
        state: The file's state right after the save; another run may have written to it since.

    Raises:
        OSError: The note cannot be written.
    """
    notes = _notes_of(root, run)
    line = json.dumps([path.absolute().as_posix(), *state]).encode() + b"\n"
    try:
        _append(notes, line)
    except FileNotFoundError:
        notes.parent.mkdir(parents=True, exist_ok=True)
        _append(notes, line)


def was_saved_by(root: Path, path: Path, run: str) -> bool:
    """Whether a run was the last to write a file or folder."""
    name = path.absolute().as_posix()
    latest = None
    for noted in _read(_notes_of(root, run), name):
        latest = noted
    try:
        return latest == list(state_of(path))
    except OSError:
        return False


def forget(root: Path, run: str) -> None:
    """Remove the notes of a run that has ended, and those of long ago."""
    with suppress(OSError):
        _notes_of(root, run).unlink(missing_ok=True)
        for notes in (working_folder(root) / FOLDER).iterdir():
            if time.time() - notes.stat().st_mtime > OLD_SECONDS:
                notes.unlink()


def _append(notes: Path, line: bytes) -> None:
    flags = os.O_APPEND | os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    file = os.open(notes, flags, 0o600)
    try:
        os.write(file, line)  # in one call, so that lines of several processes do not mix
    finally:
        os.close(file)


def _read(notes: Path, name: str) -> Iterator[list[object]]:
    """Read the notes of one file, in order."""
    begin = f"[{json.dumps(name)}, "
    with suppress(OSError, UnicodeDecodeError), notes.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith(begin):
                with suppress(ValueError):  # the process was killed while it wrote the line
                    yield json.loads(line)[1:]


@functools.lru_cache(maxsize=64)
def _notes_of(root: Path, run: str) -> Path:
    return working_folder(root) / FOLDER / f"{hashlib.sha256(run.encode()).hexdigest()[:32]}.jsonl"
