"""The entries of one run in the order in which they are sent, and those that are refused."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ..journal.entries import (
    FILES,
    VALUES,
    Artifact,
    CallSpan,
    Entry,
    EntryT,
    File,
    Loaded,
    SpanRecord,
    Summary,
    Text,
    TraceNotes,
    of_kind,
)
from ..journal.folder import OF_DELIVERY, Journal
from ..journal.records import Chunk, SetAside
from ..journal.writer import Writer
from ..tracking.failure_messages import explain
from ..tracking.failures import Kind, http_status, is_of_this_file, kind_of, reason
from ..utils.clock import now_ms
from .pending import PendingSize

logger = logging.getLogger(__name__)

_NEEDED_AT_THE_END = (SpanRecord, CallSpan, TraceNotes, Loaded, Summary)
_SET_ASIDE = (
    "set aside; other values and files are sent as usual. `kedro mlflow status` lists what was "
    "refused, and `kedro mlflow sync` tries it again"
)


@dataclass(frozen=True)
class _Sending:
    """Some entries that are being sent, and where they were read from.

    Attributes:
        chunk: The entries.
        from_memory: How many entries were in memory only.
        is_retry: Whether they were refused before.
    """

    chunk: Chunk
    from_memory: int = 0
    is_retry: bool = False


class EntryQueue:
    """The waiting entries of one run in two lanes; one thread at a time reads a lane.

    Args:
        journal: Where the entries are; None: in memory only.
        raising: Raise refusals instead of setting entries aside.
        complete: No process writes to the journal any more.
    """

    def __init__(self, journal: Journal | None, *, raising: bool, complete: bool) -> None:
        self.journal = journal
        self.raising = raising
        self._complete = complete
        self._lock = threading.RLock()
        self._memory: dict[str, deque[Entry]] = {VALUES: deque(), FILES: deque()}
        self._for_the_end: list[Entry] = []
        self._positions = journal.delivered if journal is not None else {}
        self._sending: dict[str, _Sending] = {}
        self._retries: dict[str, list[Entry]] = {VALUES: [], FILES: []}
        self._aside = {item.entry: item for item in journal.set_aside} if journal else {}
        self._refused_now: set[Entry] = set()
        self._warned: set[tuple[str, int | None]] = set()

    @property
    def has_begun(self) -> bool:
        """Whether some entries are delivered."""
        return bool(self._positions)

    def remember(self, entry: Entry) -> None:
        """Add an entry that could not be written into the journal."""
        with self._lock:
            if isinstance(entry, Text):
                self._drop_earlier(entry)
            self._memory[entry.lane].append(entry)
        if isinstance(entry, _NEEDED_AT_THE_END):
            self._for_the_end.append(entry)

    def _drop_earlier(self, entry: Text) -> None:
        """Drop what this text replaces: a growing log would fill the memory during an outage."""
        source = self._sending.get(entry.lane)
        count = source.from_memory if source is not None else 0
        waiting = list(self._memory[entry.lane])
        others = [
            each
            for each in waiting[count:]
            if not (isinstance(each, Text) and each.path == entry.path)
        ]
        self._memory[entry.lane] = deque([*waiting[:count], *others])

    def add(self, entry: Entry) -> None:
        """Add an entry that delivery itself makes; to the journal, if it can be written."""
        if self.journal is not None and self.journal.exists():
            with contextlib.suppress(OSError):
                Writer(self.journal, OF_DELIVERY).append(entry)
                return
        self.remember(entry)

    def has_memory(self, lane: str) -> bool:
        """Return whether entries wait that are not in the journal."""
        return bool(self._memory[lane])

    def next(self, lane: str) -> Chunk | None:
        """Return the entries to send now, the same until :meth:`done` is called; None if none."""
        with self._lock:
            source = self._sending.get(lane) or self._find(lane)
            if source is None:
                return None
            self._sending[lane] = source
        for place in source.chunk.damaged:
            logger.warning("A line of the journal is damaged and is left out: %s.", place)
        source.chunk.damaged.clear()
        return source.chunk

    def _find(self, lane: str) -> _Sending | None:
        entries = self._to_retry(lane)
        if entries:
            return _Sending(Chunk(entries=entries), is_retry=True)
        if self.journal is not None and self.journal.exists():
            chunk = self.journal.read(self._positions, lane, complete=self._complete)
            if chunk.entries or chunk.damaged:
                return _Sending(chunk)
        if self._memory[lane]:
            entries = list(self._memory[lane])
            return _Sending(Chunk(entries=entries), from_memory=len(entries))
        return None

    def _to_retry(self, lane: str) -> list[Entry]:
        """Return the entries to send again, each once, without those accepted meanwhile."""
        entries, self._retries[lane] = dict.fromkeys(self._retries[lane]), []
        return [entry for entry in entries if entry in self._aside]

    def done(self, lane: str) -> None:
        """Note that the entries from :meth:`next` are delivered, or set aside."""
        with self._lock:
            source = self._sending.pop(lane)
            for _ in range(source.from_memory):
                self._memory[lane].popleft()
            self._positions = {**self._positions, **source.chunk.positions}
            if self.journal is not None and self.journal.exists():
                self._settle_aside(source)
                try:
                    self.journal.delivered = self._positions
                except OSError:  # a full disk: they will be sent again
                    return
                # Last: if this process is killed before, the files are sent again.
                for entry in source.chunk.entries:
                    if entry not in self._aside:
                        self.journal.copies.remove(entry)

    def start_again(self) -> None:
        """Send everything again, because it was delivered to another run."""
        with self._lock:
            self._positions = {}
            if self.journal is not None:
                self.journal.delivered = {}
                self.journal.ended = None

    # -- what waits ----------------------------------------------------------------------------

    def pending(self) -> PendingSize:
        """Return how much waits for delivery."""
        return PendingSize.in_journal(self.journal, self._positions)

    def waiting_files(self) -> list[str]:
        """Return the names of artifacts that are not delivered; of very many, some."""
        entries: list[Entry] = list(self._memory[FILES])
        if self.journal is not None and self.journal.exists():
            entries += self.journal.read(self._positions, FILES, complete=self._complete).entries
            entries += self._aside
        return [entry.title.partition(" ")[2] for entry in entries if entry.lane == FILES]

    def written(self, kind: type[EntryT]) -> Iterator[EntryT]:
        """Yield all values of one kind that are in the journal."""
        if self.journal is not None:
            yield from self.journal.all_of(kind)

    def all_of(self, kind: type[EntryT]) -> list[EntryT]:
        """Return the entries of a kind that is sent at the end; also what the journal lacks."""
        return list(self.each_of(kind))

    def each_of(self, kind: type[EntryT]) -> Iterator[EntryT]:
        """Yield the entries of a kind that is needed at the end; also what the journal lacks."""
        yield from self.written(kind)
        yield from of_kind(self._for_the_end, kind)

    # -- what is refused -----------------------------------------------------------------------

    def set_aside(
        self, entry: Entry, error: Exception, tries: int, *, place: str = "MLflow"
    ) -> None:
        """Keep an entry for later that is refused while others are accepted.

        Args:
            entry: The entry.
            error: The answer.
            tries: How often it was sent.
            place: Which store has refused it, for the message.

        Raises:
            Exception: The answer, if refusals are raised.
        """
        if self.raising:
            raise error
        with self._lock:
            is_kept = self._keep(entry, error, tries)
            # A store without write access refuses each file with the same message.
            kind = (type(error).__name__, http_status(error))
            is_repeated = entry.lane == FILES and kind in self._warned and is_kept
            self._warned.add(kind)
        if not is_repeated:
            what, advice = explain(error)
            logger.warning(
                "%s did not take the %s, which is %s.%s (%s)",
                place,
                entry.title,
                _SET_ASIDE if is_kept else "left out",
                f" It {what}.{advice}" if advice else "",
                reason(error),
            )

    def retry_set_aside(self, *, passing_only: bool = False) -> None:
        """Send refused entries again, before any others of their lane.

        Args:
            passing_only: Only those that may be accepted although nobody changed anything.
        """
        with self._lock:
            for item in self._aside.values():
                if item.may_pass or not passing_only:
                    self._retries[item.entry.lane].append(item.entry)

    def _keep(self, entry: Entry, error: Exception, tries: int) -> bool:
        """Note that an entry is refused; return whether the journal has all to send it again."""
        if self.journal is None or not self.journal.exists():
            return False
        if isinstance(entry, Artifact) and not self.journal.copies.has(entry):
            return False
        earlier = self._aside[entry].tries if entry in self._aside else 0
        is_bad_file = isinstance(entry, File) and is_of_this_file(entry, error)
        may_pass = kind_of(error) in {Kind.SERVER, Kind.SILENT} and not is_bad_file
        self._aside[entry] = SetAside(entry, reason(error), now_ms(), tries + earlier, may_pass)
        if (
            entry.lane in self._sending
        ):  # the list is written once for all entries that are being sent
            self._refused_now.add(entry)
            return True
        return self._write_aside()

    def _settle_aside(self, source: _Sending) -> None:
        """Write down which entries were refused, before they count as delivered."""
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
