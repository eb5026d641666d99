"""The entries of one run in the order in which they are sent, and what becomes of each."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..journal.entries import FILES, VALUES, Entry, File, Text, lane_of, title_of
from ..journal.folder import Journal
from ..journal.records import Chunk, SetAside
from ..tracking.failure_messages import explain
from ..tracking.failures import Kind, http_status, is_of_this_file, kind_of, reason
from ..utils.clock import now_ms
from .pending import PendingSize

logger = logging.getLogger(__name__)

_SET_ASIDE = (
    "set aside; other values and files are sent as usual. `kedro mlflow status` lists what was "
    "refused, and `kedro mlflow sync` tries it again"
)


@dataclass(frozen=True)
class _Source:
    """Some entries that are sent together, and where they are from.

    Attributes:
        chunk: The entries.
        from_memory: How many of the memory's.
        is_retry: They were set aside.
    """

    chunk: Chunk
    from_memory: int = 0
    is_retry: bool = False


class EntryQueue:
    """What waits of one run, in two lanes; each lane is read by one thread at a time.

    Args:
        journal: Where the entries are; None: in memory only.
        raising: Raise what is refused instead of setting it aside.
        complete: Nobody writes to the journal any more.
    """

    def __init__(self, journal: Journal | None, *, raising: bool, complete: bool) -> None:
        self.journal = journal
        self.raising = raising
        self._complete = complete
        self._lock = threading.RLock()
        self._memory: dict[str, deque[Entry]] = {VALUES: deque(), FILES: deque()}
        self._positions = journal.delivered if journal is not None else {}
        self._sources: dict[str, _Source] = {}
        self._retries: dict[str, list[Entry]] = {VALUES: [], FILES: []}
        self._aside = {item.entry: item for item in journal.set_aside} if journal else {}
        self._refused_now: set[Entry] = set()
        self._warned: set[tuple[str, int | None]] = set()

    @property
    def has_begun(self) -> bool:
        """Whether a part is delivered."""
        return bool(self._positions)

    def remember(self, entry: Entry) -> None:
        """Take an entry that could not be written down, because the disk is full or read-only."""
        self._memory[lane_of(entry)].append(entry)

    def has_memory(self, lane: str) -> bool:
        """Whether there are entries that could not be written down."""
        return bool(self._memory[lane])

    def next(self, lane: str) -> Chunk | None:
        """The entries to send now, the same ones until :meth:`done` is called; None: none wait."""
        with self._lock:
            source = self._sources.get(lane) or self._find(lane)
            if source is None:
                return None
            self._sources[lane] = source
        for place in source.chunk.damaged:
            logger.warning("A line of the journal is damaged and is left out: %s.", place)
        source.chunk.damaged.clear()
        return source.chunk

    def _find(self, lane: str) -> _Source | None:
        entries = self._to_retry(lane)
        if entries:
            return _Source(Chunk(entries=entries), is_retry=True)
        if self.journal is not None and self.journal.is_here():
            chunk = self.journal.read(self._positions, lane, complete=self._complete)
            if chunk.entries or chunk.damaged:
                return _Source(chunk)
        if self._memory[lane]:
            kept = list(self._memory[lane])
            return _Source(Chunk(entries=kept), from_memory=len(kept))
        return None

    def _to_retry(self, lane: str) -> list[Entry]:
        """What is to be sent again, each entry once, and nothing that has arrived meanwhile."""
        asked, self._retries[lane] = dict.fromkeys(self._retries[lane]), []
        return [entry for entry in asked if entry in self._aside]

    def is_from_memory(self, lane: str) -> bool:
        """Whether the entries that are sent now are not in the journal."""
        return self.journal is None or self._sources[lane].from_memory > 0

    def done(self, lane: str) -> None:
        """Note that the entries that :meth:`next` gave are delivered, or set aside."""
        with self._lock:
            source = self._sources.pop(lane)
            for _ in range(source.from_memory):
                self._memory[lane].popleft()
            self._positions = {**self._positions, **source.chunk.positions}
            if self.journal is not None and self.journal.is_here():
                self._settle_aside(source)
                try:
                    self.journal.delivered = self._positions
                except OSError:  # a full disk: all is sent again
                    return
                # Not before: who is killed in between sends the same files again.
                for entry in source.chunk.entries:
                    if entry not in self._aside:
                        self._forget(entry)

    def start_again(self) -> None:
        """Forget what was delivered: it was to another run."""
        with self._lock:
            self._positions = {}
            if self.journal is not None:
                self.journal.delivered = {}
                self.journal.ended = None

    def _forget(self, entry: Entry) -> None:
        """Remove the copy of an artifact that has arrived."""
        if self.journal is not None and isinstance(entry, File) and self._is_copy(entry):
            self.journal.forget_file(entry)

    # -- what waits ----------------------------------------------------------------------------

    def pending(self) -> PendingSize:
        """How much waits to be delivered."""
        return PendingSize.in_journal(self.journal, self._positions)

    def waiting_files(self) -> list[str]:
        """The names of artifacts that are not delivered; of very many, some."""
        entries: list[Entry] = list(self._memory[FILES])
        if self.journal is not None and self.journal.is_here():
            entries += self.journal.read(self._positions, FILES, complete=self._complete).entries
            entries += self._aside
        return [title_of(entry).partition(" ")[2] for entry in entries if lane_of(entry) == FILES]

    def written(self) -> Iterator[Entry]:
        """All values that are in the journal."""
        if self.journal is not None:
            for name in self.journal.sizes(VALUES):
                yield from self.journal.entries(name)

    # -- what is refused -----------------------------------------------------------------------

    def set_aside(
        self, entry: Entry, error: Exception, tries: int, *, place: str = "MLflow"
    ) -> None:
        """Keep an entry for later that is refused while others are taken.

        Args:
            entry: The entry.
            error: The answer.
            tries: How often it was sent.
            place: What has refused it, for the message.

        Raises:
            Exception: The answer, where the user wants that.
        """
        if self.raising:
            raise error
        with self._lock:
            kept = self._keep(entry, error, tries)
            # A store that is closed refuses each file with the same words.
            kind = (type(error).__name__, http_status(error))
            is_repeated = lane_of(entry) == FILES and kind in self._warned and kept
            self._warned.add(kind)
        if not is_repeated:
            what, advice = explain(error)
            logger.warning(
                "%s did not take the %s, which is %s.%s (%s)",
                place,
                title_of(entry),
                _SET_ASIDE if kept else "left out",
                f" It {what}.{advice}" if advice else "",
                reason(error),
            )

    def retry_set_aside(self, *, passing_only: bool = False) -> None:
        """Have what was set aside sent again, before anything else of its lane.

        Args:
            passing_only: Only what was refused with an answer that may pass.
        """
        with self._lock:
            for item in self._aside.values():
                if item.may_pass or not passing_only:
                    self._retries[lane_of(item.entry)].append(item.entry)

    def _keep(self, entry: Entry, error: Exception, tries: int) -> bool:
        """Note an entry as refused; tell whether the journal has what it needs to be sent again."""
        is_lost = isinstance(entry, Text) or (isinstance(entry, File) and not self._is_copy(entry))
        if self.journal is None or not self.journal.is_here() or is_lost:
            return False
        earlier = self._aside[entry].tries if entry in self._aside else 0
        is_own = isinstance(entry, File) and is_of_this_file(entry, error)
        may_pass = kind_of(error) in {Kind.SERVER, Kind.SILENT} and not is_own
        now = now_ms()
        self._aside[entry] = SetAside(entry, reason(error), now, tries + earlier, may_pass)
        if lane_of(entry) in self._sources:  # the file is written once for all that are sent now
            self._refused_now.add(entry)
            return True
        return self._write_aside()

    def _settle_aside(self, source: _Source) -> None:
        """Write down what was refused of some entries, before they count as delivered."""
        entries = set(source.chunk.entries)
        refused = self._refused_now & entries
        self._refused_now -= entries
        arrived = entries - refused if source.is_retry else set()
        for entry in arrived:
            self._aside.pop(entry, None)
        if refused or arrived:
            self._write_aside()

    def _write_aside(self) -> bool:
        try:
            if self.journal is not None:
                self.journal.set_aside = list(self._aside.values())
        except OSError:  # a full disk
            return False
        return True

    def _is_copy(self, entry: File) -> bool:
        return self.journal is not None and Path(entry.path).is_relative_to(self.journal.folder)
