"""Counting what a run has logged, from its journal."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

from .entries import FILES, VALUES, File, Model, Trace
from .folder import Journal

_VALUE = re.compile(rb'^\{"kind": "(metric|param)", "key": ("(?:[^"\\]|\\.)*")', re.MULTILINE)
"""The beginning of a line: see :func:`mlflow_on_kedro.journal.entry_lines.to_line`."""
_MACHINERY = ("system/", "time/")
_OWN_FOLDER = "kedro/"
_MOST_BYTES = 100_000_000


@dataclass
class Tally:
    """What is in the journals of a run and of its child runs, all processes together.

    Timings and system metrics are left out.

    Attributes:
        metrics: The metrics' names, as JSON.
        params: The parameters' names, as JSON.
        artifacts: The paths of artifacts; a folder is one.
        models: The models' names.
        more: Whether the journals were too large to read them whole.
    """

    metrics: set[bytes] = field(default_factory=set)
    params: set[bytes] = field(default_factory=set)
    artifacts: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    more: bool = False
    _machinery: tuple[bytes, ...] = ()

    @classmethod
    def of_run(cls, journal: Journal, timings: str | None = None) -> Tally:
        """Count what is in the journals of a run, as far as they can be read.

        Args:
            journal: The run's journal.
            timings: What the names of the nodes' timings begin with (``time.prefix``).
        """
        begins = (*_MACHINERY, timings) if timings else _MACHINERY
        tally = cls(_machinery=tuple(f'"{begin}'.encode() for begin in begins))
        with contextlib.suppress(OSError, ValueError):
            left = _MOST_BYTES
            for each in (journal, *journal.children()):
                tally._add_files(each)
                left -= tally._add_values(each, left)
            tally.more = left <= 0
        return tally

    def _add_values(self, journal: Journal, most: int) -> int:
        read = 0
        for name in journal.sizes(VALUES):
            with (journal.folder / name).open("rb") as file:
                while read < most and (lines := file.readlines(1_000_000)):
                    content = b"".join(lines)
                    read += len(content)
                    for kind, key in _VALUE.findall(content):
                        if kind == b"param":
                            self.params.add(key)
                        elif not key.startswith(self._machinery):
                            self.metrics.add(key)
        return read

    def _add_files(self, journal: Journal) -> None:
        for name in journal.sizes(FILES):
            for entry in journal.entries(name):
                if isinstance(entry, Model):
                    self.models.add(entry.folder)
                elif isinstance(entry, File) and not isinstance(entry, Trace):
                    self.artifacts.add(entry.place)

    def in_words(self) -> str:
        """Return a text for messages, without the plugin's own files; "" if there is nothing.

        Example:
            >>> Tally(metrics={b"a", b"b"}, models={"wine"}).in_words()
            '2 metrics, 1 model'
        """
        counts = {
            "metric": len(self.metrics),
            "param": len(self.params),
            "artifact": sum(not place.startswith(_OWN_FOLDER) for place in self.artifacts),
            "model": len(self.models),
        }
        words = [f"{count} {word}{'s' * (count != 1)}" for word, count in counts.items() if count]
        return ("at least " if self.more and words else "") + ", ".join(words)
