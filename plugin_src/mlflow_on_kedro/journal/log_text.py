"""The log of a run, made of what each of its processes has written into the journal."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from pathlib import Path

from .log_file import LIMIT
from .records import Header

ARTIFACT = "kedro/run.log"
PARTS = "kedro/logs"
_NAME = re.compile(r"(\d+-[0-9a-f]{8})\.(\d+)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")
_LEFT_OUT = "[... {} bytes are left out here ...]\n"


def path_of(header: Header) -> str:
    """Return the path of the log among the artifacts of a run.

    A pipeline whose run is also that of other processes or attempts (``run.key``, ``run.id``,
    ``MLFLOW_RUN_ID``, ``run.resume``) has a log of its own, so that none overwrites another's.

    Args:
        header: The header of the run's journal.
    """
    return f"{PARTS}/{header.journal}.log" if header.has_shared_run else ARTIFACT


def log_size(folder: Path) -> int:
    """Return how many bytes all processes have written, which grows with each line."""
    return sum(
        # Each part counts once it was begun, so that the sum grows although old ones are removed.
        path.stat().st_size + LIMIT * int(number)
        for parts in _processes(folder).values()
        for number, path in parts.items()
        if path.exists()
    )


def read_log(folder: Path, limit: int = LIMIT) -> str:
    """Read the log of a run, its lines in the order of time.

    Args:
        folder: The folder ``log`` of the run's journal.
        limit: About the most bytes. Of a longer log, the middle of what each process has written
            is left out.
    """
    processes = list(_processes(folder).values())
    sizes = [sum(map(_size, parts.values())) for parts in processes]
    texts = [
        _read(parts, share) for parts, share in zip(processes, _shares(sizes, limit), strict=True)
    ]
    if len(texts) == 1:
        return texts[0]
    return "".join(text for _, text in heapq.merge(*map(_timed, texts), key=lambda item: item[0]))


def _processes(folder: Path) -> dict[str, dict[int, Path]]:
    """Find the parts of each process's log, by their numbers."""
    found: dict[str, dict[int, Path]] = {}
    for path in sorted(folder.glob("*")):
        name = _NAME.fullmatch(path.name)
        # The plugin makes no links: one in a journal from elsewhere may lead to any file.
        if name is not None and path.is_file() and not path.is_symlink():
            found.setdefault(name[1], {})[int(name[2])] = path
    return {name: dict(sorted(parts.items())) for name, parts in found.items()}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _shares(sizes: list[int], limit: int) -> list[int]:
    """Share a number of bytes among logs; what a short log does not need is for the longer ones.

    Example:
        >>> _shares([10, 500, 800], 610)
        [10, 300, 300]
    """
    shares, left = [0] * len(sizes), limit
    by_size = sorted(range(len(sizes)), key=sizes.__getitem__)
    for place, index in enumerate(by_size):
        shares[index] = min(sizes[index], left // (len(sizes) - place))
        left -= shares[index]
    return shares


def _read(parts: dict[int, Path], share: int) -> str:
    """Read one process's log; if it is longer than its share, its first and last lines."""
    head, tail = b"", b""
    removed = False  # parts between the first and the last ones
    for number, path in parts.items():
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # its process has just removed it
            continue
        if number == 0:
            head = content
        else:
            removed = removed or (not tail and number > 1)
            tail += content
    if not removed and len(head) + len(tail) <= share:
        return (head + tail).decode("utf-8", "replace")
    first, last = _first_lines(head, share // 2), _last_lines(tail or head, share // 2)
    if not removed and len(first) + len(last) >= len(head) + len(tail):
        return (head + tail).decode("utf-8", "replace")
    left_out = len(head) + len(tail) - len(first) - len(last)
    gap = _LEFT_OUT.format(f"more than {left_out:,}" if removed else f"{left_out:,}")
    return first.decode("utf-8", "replace") + gap + last.decode("utf-8", "replace")


def _first_lines(content: bytes, size: int) -> bytes:
    return content if len(content) <= size else content[: content.rfind(b"\n", 0, size) + 1]


def _last_lines(content: bytes, size: int) -> bytes:
    if len(content) <= size:
        return content
    return content[content.find(b"\n", len(content) - size) + 1 :]


def _timed(text: str) -> Iterator[tuple[str, str]]:
    """Yield the messages of a log, which may have several lines, each with its time."""
    time = ""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        found = _TIME.match(line)
        if found is not None:
            if lines:
                yield time, "".join(lines)
            time, lines = max(time, found[0]), []
        lines.append(line)
    if lines:
        yield time, "".join(lines)
