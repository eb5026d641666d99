"""The digest of what a dataset has loaded: from its files, or else from the data themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from . import remote
from .fingerprints import Fingerprint, sha256
from .sample import of_data
from .source import Source

SAMPLE_BYTES = 1_000_000
"""How much is read of a large file at its beginning, middle and end."""
MAX_FILES = 1000
"""The most files of a folder whose content is read."""
_BLOCK_BYTES = 1 << 20


def fingerprint(source: Source, data: Any, max_bytes: int) -> Fingerprint:
    """Make the digest of what a dataset has loaded, without loading anything again.

    Args:
        source: Where it comes from.
        data: What was loaded.
        max_bytes: How much of local files is read.
    """
    try:
        if source.path is not None and source.path.is_dir():
            return of_files(source.path, _files(source.path, source.partitions), max_bytes)
        if source.path is not None:
            return of_file(source.path, max_bytes)
    except OSError:  # it was removed, or may not be read
        pass
    there = None
    if source.remote is not None:
        there = remote.fingerprint(*source.remote, source.partitions)
    if there is not None and there.of != remote.SIZE:
        return there
    found = of_data(data)
    if there is None or found is None:
        return found or there or of_source(source)
    return Fingerprint(sha256([there.value, found.value]), f"size and {found.of}", there.size)


def of_source(source: Source) -> Fingerprint:
    """Make the digest of the place alone, where nothing is known of the data."""
    return Fingerprint(sha256(dict(source.content)), "source")


def of_file(path: Path, max_bytes: int) -> Fingerprint:
    """Make the digest of a file: of all its content, or of its size, time and three samples.

    Raises:
        OSError: It cannot be read.
    """
    state = path.stat()
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        if state.st_size <= max_bytes:
            while block := file.read(_BLOCK_BYTES):
                hashed.update(block)
            return Fingerprint(hashed.hexdigest(), "content", state.st_size, is_checksum=True)
        for place in (0, state.st_size // 2, max(0, state.st_size - SAMPLE_BYTES)):
            file.seek(place)
            hashed.update(file.read(SAMPLE_BYTES))
    value = sha256([state.st_size, state.st_mtime_ns, hashed.hexdigest()])
    return Fingerprint(value, "size, modification time and samples", state.st_size)


def of_files(folder: Path, files: Sequence[Path], max_bytes: int) -> Fingerprint:
    """Make the digest of files in a folder: of their names and content, or of a listing.

    Raises:
        OSError: One cannot be read.
    """
    states = {file.relative_to(folder).as_posix(): file.stat() for file in files}
    size = sum(state.st_size for state in states.values())
    if size <= max_bytes and len(files) <= MAX_FILES:
        content = {name: of_file(folder / name, max_bytes).value for name in states}
        return Fingerprint(sha256(content), "names and content", size)
    listing = {name: [state.st_size, state.st_mtime_ns] for name, state in states.items()}
    return Fingerprint(sha256(listing), "names, sizes and modification times", size)


def _files(folder: Path, partitions: Iterable[str] | None) -> list[Path]:
    if partitions is None:
        return _below(folder)
    files: list[Path] = []
    for name in partitions:
        path = folder / name
        files += _below(path) if path.is_dir() else [path]  # a versioned one is a folder
    return files


def _below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
