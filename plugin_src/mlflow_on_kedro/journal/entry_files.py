"""Reading the files of entries in a journal: two for each process, one a lane."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .copies import ArtifactCopies
from .entries import FILES, VALUES, Entry, EntryT, File
from .entry_lines import from_line, line_start
from .records import Chunk

SUFFIXES = {VALUES: ".jsonl", FILES: ".files"}
"""How the names of a lane's files end."""
CHUNK_ENTRIES = {VALUES: 10_000, FILES: 64}
"""How many entries of a lane are read at once."""
CHUNK_BYTES = 8_000_000
"""About how many bytes of one file are read at once: the spans of calls may be long."""


class EntryFiles:
    """The entries of a run, as far as they are written.

    Attributes:
        folder: The journal's folder.
        copies: The copies of artifacts in it.
    """

    folder: Path
    copies: ArtifactCopies

    def sizes(self, lane: str | None = None) -> dict[str, int]:
        """Return how many bytes are in each file, of one lane or of both."""
        return {
            path.name: path.stat().st_size
            for name, suffix in SUFFIXES.items()
            if lane in (None, name)
            for path in sorted(self.folder.glob(f"*{suffix}"))
        }

    def entries(self, name: str) -> Iterator[Entry]:
        """Yield all entries of one file, without damaged ones."""
        position: dict[str, int] = {}
        while True:
            chunk = Chunk(positions=position)
            self._read_lines(name, CHUNK_ENTRIES[VALUES], chunk, complete=False)
            if not (chunk.entries or chunk.damaged):
                return
            yield from chunk.entries
            position = chunk.positions

    def entries_of(self, name: str, kind: type[EntryT]) -> Iterator[EntryT]:
        """Yield the entries of one kind in one file, without parsing the others."""
        start = line_start(kind)
        with (self.folder / name).open("rb") as file:
            for line in file:
                if line.startswith(start):
                    with contextlib.suppress(ValueError):
                        entry = from_line(line)
                        if isinstance(entry, kind):
                            yield entry

    def all_of(self, kind: type[EntryT], *, but: str | None = None) -> Iterator[EntryT]:
        """Yield the entries of one kind that any process has written.

        Args:
            kind: The kind.
            but: The name of a writer whose entries are left out.
        """
        for name, size in self.sizes(kind.lane).items():
            if size > 0 and (but is None or not name.startswith(but)):
                yield from self.entries_of(name, kind)

    def read(self, positions: Mapping[str, int], lane: str, *, complete: bool) -> Chunk:
        """Read the next entries of a lane, not all at once.

        Args:
            positions: How many bytes of each file were read before.
            lane: The lane.
            complete: No process writes any more: a last line without an end is damaged.

        Returns:
            Some entries, and the positions after them of the lane's files.
        """
        chunk = Chunk(positions={})
        for name, size in self.sizes(lane).items():
            begin = chunk.positions[name] = positions.get(name, 0)
            room = CHUNK_ENTRIES[lane] - len(chunk.entries)
            if begin < size and room > 0:
                self._read_lines(name, room, chunk, complete=complete)
        return chunk

    def _read_lines(self, name: str, room: int, chunk: Chunk, *, complete: bool) -> None:
        begin = position = chunk.positions.get(name, 0)
        with (self.folder / name).open("rb") as file:
            file.seek(position)
            for line in file:
                if (
                    room == 0
                    or position - begin >= CHUNK_BYTES
                    or not (complete or line.endswith(b"\n"))
                ):
                    break
                if line.strip():
                    try:
                        chunk.entries.append(self.copies.to_absolute(from_line(line)))
                    except ValueError:
                        chunk.damaged.append(f"{name}, byte {position}")
                    room -= 1
                position += len(line)
        chunk.positions[name] = position

    def newest_file(self, is_meant: Callable[[File], bool]) -> File | None:
        """Return the last artifact of some kind whose content is still here; None if none is.

        Args:
            is_meant: Whether an artifact is of that kind.
        """
        found = None
        for name, size in self.sizes(FILES).items():
            for entry in self.entries(name) if size > 0 else ():
                if isinstance(entry, File) and is_meant(entry) and entry.source.exists():
                    found = entry
        return found
