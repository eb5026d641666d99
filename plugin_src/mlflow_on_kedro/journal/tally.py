"""Counting what a run has logged."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field

from .entries import FILES, VALUES, Artifact, Entry, Metric, Model, Param, Trace
from .entry_lines import line_start
from .folder import Journal
from .span import OF_THE_PLUGIN

_OWN_FOLDER = "kedro/"
_MOST_BYTES = 10_000_000
_KEY = b'"key": "'
_KEY_END = b'", "value"'


@dataclass
class Tally:
    """What a run and its child runs have logged, by the names.

    Attributes:
        metrics: The metrics.
        params: The parameters.
        artifacts: The paths of the artifacts; a folder is one.
        models: The models.
        is_partial: Whether there is more.
    """

    metrics: set[str] = field(default_factory=set)
    params: set[str] = field(default_factory=set)
    artifacts: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    is_partial: bool = False

    def add(self, entry: Entry) -> None:
        """Count an entry."""
        if isinstance(entry, Metric):
            self.metrics.add(entry.key)
        elif isinstance(entry, Param):
            self.params.add(entry.key)
        elif isinstance(entry, Model):
            self.models.add(entry.folder)
        elif isinstance(entry, Artifact) and not isinstance(entry, Trace):
            self.artifacts.add(entry.place)

    def add_journal(self, journal: Journal, *, but: str) -> None:
        """Count what other processes, and child runs, have written; of very much only a part.

        Args:
            journal: The run's journal.
            but: The name of the writer whose entries are counted already.
        """
        left = _MOST_BYTES
        with contextlib.suppress(OSError, ValueError):  # just delivered, or damaged
            for each in (journal, *journal.children()):
                for name in each.sizes(FILES):
                    if not name.startswith(but):
                        for entry in each.entries(name):
                            self.add(entry)
                for name in each.sizes(VALUES):
                    if not name.startswith(but):
                        left -= self._add_values(each, name, left)
        self.is_partial = left <= 0

    def _add_values(self, journal: Journal, name: str, most: int) -> int:
        read = 0
        # The names are taken out of the lines, since reading all values would take ten times as
        # long.
        found: dict[bytes, set[bytes]] = {
            line_start(kind) + _KEY: set() for kind in (Metric, Param)
        }
        with (journal.folder / name).open("rb") as file:
            for line in file:
                read += len(line)
                if read > most:
                    break
                for start, keys in found.items():
                    if line.startswith(start):
                        keys.add(line[len(start) : line.find(_KEY_END)])
        for keys, names in zip(found.values(), (self.metrics, self.params), strict=True):
            names.update(json.loads(b'"%b"' % key) for key in keys)
        return read

    def in_words(self, timings: str | None = None) -> str:
        """Return a text for messages; "" if there is nothing.

        Timings, system metrics and the files in the plugin's own folder are left out.

        Args:
            timings: What the names of the nodes' timings begin with (``time.prefix``).

        Example:
            >>> Tally({"a", "b", "system/time/train"}, models={"wine"}).in_words()
            '2 metrics, 1 model'
        """
        begins = (*OF_THE_PLUGIN, timings) if timings else OF_THE_PLUGIN
        counts = {
            "metric": sum(not name.startswith(begins) for name in self.metrics),
            "param": len(self.params),
            "artifact": sum(not place.startswith(_OWN_FOLDER) for place in self.artifacts),
            "model": len(self.models),
        }
        words = [f"{count} {word}{'s' * (count != 1)}" for word, count in counts.items() if count]
        return ("at least " if self.is_partial and words else "") + ", ".join(words)
