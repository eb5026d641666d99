"""The digest of what a dataset has loaded, which changes when the data do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from . import remote
from .fingerprints import Fingerprint, sha256
from .sample import of_data
from .source import Source

SAMPLE_BYTES = 1_000_000
"""How much is read of a large file at its start, middle and end."""
MAX_FILES = 1000
"""The most files of a folder whose content is read."""
_BLOCK_BYTES = 1 << 20


def fingerprint(source: Source, data: Any, max_bytes: int) -> Fingerprint:
    """Return the digest of what a dataset has loaded, without loading anything again.

    Args:
        source: Where the data come from.
        data: The loaded data.
        max_bytes: How much of local files is read.
    """
    found = (strategy(source, data, max_bytes) for strategy in STRATEGIES)
    return next(item for item in found if item is not None)


def _of_local_path(source: Source, data: Any, max_bytes: int) -> Fingerprint | None:  # noqa: ARG001
    path = source.path
    if path is None:
        return None
    try:
        if path.is_dir():
            return of_files(path, _files(path, source.partitions), max_bytes)
        return of_file(path, max_bytes)
    except OSError:  # it was removed, or may not be read
        return None


def _of_remote_path(source: Source, data: Any, max_bytes: int) -> Fingerprint | None:  # noqa: ARG001
    if source.remote is None:
        return None
    found = remote.fingerprint(*source.remote, source.partitions)
    if found is None or found.of != remote.SIZE:
        return found
    loaded = of_data(data)
    if loaded is None:
        return found
    return Fingerprint(sha256([found.value, loaded.value]), f"size and {loaded.of}", found.size)


def of_source(source: Source) -> Fingerprint:
    """Return the digest of the location alone, for data of which nothing else is known."""
    return Fingerprint(sha256(dict(source.content)), "source")


STRATEGIES: Sequence[Callable[[Source, Any, int], Fingerprint | None]] = (
    _of_local_path,  # all content, or of large files their size, time and samples
    _of_remote_path,  # what the server says of it: an ETag, a checksum, a time, a size
    lambda _source, data, _max: of_data(data),  # all of the loaded data, or a sample
    lambda source, _data, _max: of_source(source),
)
"""The ways to make a digest, best first: the first that returns one counts."""


def of_file(path: Path, max_bytes: int) -> Fingerprint:
    """Return the digest of a file's content; of a large file, of its size, time and three samples.

    Raises:
        OSError: The file cannot be read.
    """
    state = path.stat()
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        if state.st_size <= max_bytes:
            while block := file.read(_BLOCK_BYTES):
                hashed.update(block)
            return Fingerprint(hashed.hexdigest(), "content", state.st_size, is_checksum=True)
        for start in (0, state.st_size // 2, max(0, state.st_size - SAMPLE_BYTES)):
            file.seek(start)
            hashed.update(file.read(SAMPLE_BYTES))
    value = sha256([state.st_size, state.st_mtime_ns, hashed.hexdigest()])
    return Fingerprint(value, "size, modification time and samples", state.st_size)


def of_files(folder: Path, files: Sequence[Path], max_bytes: int) -> Fingerprint:
    """Return the digest of the names and contents of files; of large or many files, of a listing.

    Raises:
        OSError: A file cannot be read.
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
        return _files_below(folder)
    files: list[Path] = []
    for name in partitions:
        path = folder / name
        files += _files_below(path) if path.is_dir() else [path]  # one with versions is a folder
    return files


def _files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
