"""What one run has to deliver, and how far that has come."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.entries import End, Entry, File, Part
from ..journal.folder import CHUNK_ENTRIES, Journal
from ..journal.records import Chunk, Header, Opened
from ..models import registry
from ..secrets import mask_urls
from ..tracking import store
from ..tracking.failures import is_gone, is_mistake, is_refusal
from ..tracking.opening import end_run, open_run
from .sending import Delivery

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Left:
    """How much of a journal waits: bytes of its entries, artifacts and their bytes."""

    entry_bytes: int = 0
    files: int = 0
    file_bytes: int = 0

    @classmethod
    def in_journal(cls, journal: Journal | None, positions: Mapping[str, int]) -> Left:
        """How much of a journal waits, if its files are read as far as given."""
        if journal is None:
            return cls()
        try:
            sizes = journal.sizes()
            files = [path.stat().st_size for path in journal.waiting_files()]
        except OSError:  # it is delivered meanwhile
            return cls()
        waiting = sum(sizes[name] - positions.get(name, 0) for name in sizes)
        return cls(waiting, len(files), sum(files))


class _Watched:
    """A client that says when it is called."""

    def __init__(self, client: MlflowClient, on_call: Callable[[], None]) -> None:
        self._client = client
        self._on_call = on_call

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if callable(found):
            self._on_call()
        return found


def _nothing() -> None:
    """Do nothing."""


class Parcel:
    """What one run has to deliver, and how far that has come; no thread of its own.

    Args:
        header: What run it is.
        uri: The tracking URI, with credentials.
        root: The root of the project that delivers.
        journal: Where the entries are; None: in memory only.
        raising: Raise what MLflow refuses.
        complete: Nobody writes to the journal any more.
        tried: Another process has tried to deliver it, and may have created the run.
    """

    def __init__(
        self,
        header: Header,
        uri: str,
        root: Path,
        journal: Journal | None,
        *,
        raising: bool = False,
        complete: bool = False,
        tried: bool = False,
    ) -> None:
        self.header = header
        self.uri = uri
        self.journal = journal
        self.memory: deque[Entry] = deque()
        """What could not be written down, because the disk is full or read-only."""
        self.opened: Opened | None = journal.opened if journal is not None else None
        self.status: str | None = None
        """How the run has ended in MLflow."""
        self._root = root
        self._raising = raising
        self._complete = complete
        # An earlier try, perhaps of a process that was killed, may have created the run.
        self._tried = complete or tried
        # What an earlier process has opened may be of another store (`kedro mlflow sync --uri`).
        self._is_known = not complete
        self._positions = journal.delivered if journal is not None else {}
        self._chunk: Chunk | None = None
        self._from_memory = 0
        self._parts: dict[Part, None] = {}
        self._delivery: Delivery | None = None
        self._client: MlflowClient | None = None
        self._end: End | None = None
        self._on_call: Callable[[], None] = _nothing
        self.has_more = False
        """Whether the last step has probably left something."""
        self._abandoned = False
        self._settling = threading.Lock()

    def watch(self, on_call: Callable[[], None]) -> None:
        """Have a function called before each call to MLflow."""
        self._on_call = on_call

    def _say_call(self) -> None:
        self._on_call()

    def again(self) -> Parcel:
        """The same, for another thread: this one's is stuck or has failed.

        What MLflow refuses is no longer raised.
        """
        with self._settling:
            self._abandoned = True
            other = Parcel(self.header, self.uri, self._root, self.journal)
            other.memory.extend(self.memory)
            other._parts.update(self._parts)
            other.opened = self.opened
            other._tried = True
            other._on_call, self._on_call = self._on_call, _nothing
            other._positions, other._end = self._positions, self._end
        return other

    @property
    def client(self) -> MlflowClient:
        """A client for the thread that delivers."""
        if self._client is None:
            client: Any = _Watched(store.connect(self.uri), self._say_call)
            self._client = client
        return self._client

    def open(self) -> None:
        """Find or create the run.

        Raises:
            Exception: MLflow cannot be reached.
        """
        if not self._is_known and self.opened is not None:
            self._look_for(self.opened)
        if self.opened is None:
            self._deliver_earlier()
            again, self._tried = self._tried, True
            self.opened = open_run(self.client, self.header, self.uri, self._root, again=again)
            store.make_local_folder(self.opened.artifact_uri)
            if self.journal is not None:
                with contextlib.suppress(OSError):  # a full disk; the tag finds the run again
                    self.journal.opened = self.opened

    def _deliver_earlier(self) -> None:
        if self.header.resume is not None and self.journal is not None:
            from .leftovers import deliver_earlier  # it delivers parcels

            folder = self.journal.folder.parent
            deliver_earlier(folder, self.header.resume, self.uri, self._root, self._say_call)

    def _look_for(self, opened: Opened) -> None:
        """Begin anew if the store has no such run: it was removed, or is that of another store."""
        try:
            self.client.get_run(opened.run_id)
        except Exception as error:
            if not is_gone(error):
                raise
            if self._positions:
                logger.warning(
                    "MLflow at %s has no run %s, to which a part was delivered: all goes to a new "
                    "run, but for the artifacts that were delivered.",
                    mask_urls(self.uri),
                    opened.run_id,
                )
            if self.journal is not None:
                self.journal.delivered = {}
            self.opened, self._positions = None, {}
        self._is_known = True

    def step(self) -> bool:
        """Deliver some entries.

        Returns:
            Whether there were any.

        Raises:
            Exception: MLflow cannot be reached; the next call tries the same again.
        """
        self.open()
        if self._delivery is None and self.opened is not None:
            self._delivery = Delivery(
                self.client, self.opened.run_id, raising=self._raising, uri=self.uri
            )
        if self._chunk is None:
            self._chunk = self._next()
        chunk = self._chunk
        if chunk is None or self._delivery is None:
            return False
        for place in chunk.damaged:
            logger.warning("A line of the journal is damaged and is left out: %s.", place)
        chunk.damaged.clear()
        if self.journal is None or self._from_memory:
            self._parts.update(dict.fromkeys(e for e in chunk.entries if isinstance(e, Part)))
        ends = [entry for entry in chunk.entries if isinstance(entry, End)]
        self._delivery.send([entry for entry in chunk.entries if not isinstance(entry, End)])
        with self._settling:
            if not self._abandoned:
                self._end = ends[-1] if ends else self._end
                self._done(chunk)
                is_full = len(chunk.entries) >= CHUNK_ENTRIES
                took_long = any(isinstance(entry, File) for entry in chunk.entries)
                self.has_more = is_full or took_long or bool(self.memory)
        return True

    def finish(self) -> None:
        """End the run in MLflow, once all is delivered, and remove the journal.

        Raises:
            Exception: MLflow cannot be reached.
        """
        end = self._end or self._delivered_end() or self._killed()
        if self.opened is not None:
            self._deliver_own_calls(self.opened)
            self.status = end_run(self.client, self.header, self.opened, end.status, end.time)
            # Of a run with a key another process may have saved the models.
            if self.status == "FINISHED" and (self.header.registers or self.header.key):
                registry.register_models(
                    self.client, self.opened.run_id, self.uri, raising=self._raising
                )
            if self.header.trace:
                self._trace(self.opened, end)
        if self.journal is not None:
            self.journal.discard()

    def _deliver_own_calls(self, opened: Opened) -> None:
        """Deliver the runs that nodes have begun themselves, and what killed nodes have left."""
        from ..tracking import child_runs, own_calls  # which log with what delivers

        if self.journal is None or self._delivery is None:
            return
        self._delivery.send(own_calls.left(self.journal))
        for child in child_runs.journals(self.journal):
            header = child_runs.delivered_header(child, self.header, opened, self.client)
            parcel = Parcel(
                header, self.uri, self._root, child, raising=self._raising, complete=True
            )
            parcel.watch(self._on_call)
            while parcel.step():
                pass
            parcel.finish()

    def _trace(self, opened: Opened, end: End) -> None:
        from ..observing import traces

        parts = list(self._parts)
        if self.journal is not None:
            for name in self.journal.sizes():
                parts += [item for item in self.journal.entries(name) if isinstance(item, Part)]
        try:
            traces.deliver(self.uri, self.header, opened, parts, end, self._say_call)
        except Exception as error:
            if self._raising or not (is_refusal(error) or is_mistake(error)):
                raise
            logger.warning("MLflow did not take the run's trace, which is left out: %s", error)

    def left(self) -> Left:
        """How much waits to be delivered."""
        return Left.in_journal(self.journal, self._positions)

    def _next(self) -> Chunk | None:
        if self.journal is not None and self.journal.is_here():
            chunk = self.journal.read(self._positions, complete=self._complete)
            if chunk.entries or chunk.damaged:
                return chunk
        if self.memory:
            self._from_memory = len(self.memory)
            return Chunk(entries=list(self.memory), positions=self._positions)
        return None

    def _done(self, chunk: Chunk) -> None:
        self._chunk = None
        self._positions = chunk.positions
        for _ in range(self._from_memory):
            self.memory.popleft()
        self._from_memory = 0
        if self.journal is None:
            return
        with contextlib.suppress(OSError):
            self.journal.delivered = chunk.positions
        for entry in chunk.entries:
            if isinstance(entry, File) and Path(entry.path).is_relative_to(self.journal.folder):
                self.journal.forget_file(entry)

    def _delivered_end(self) -> End | None:
        """The end that an earlier process has read, but that did not come to the run in MLflow."""
        if self.journal is None or not self._positions:
            return None
        entries = (entry for name in self.journal.sizes() for entry in self.journal.entries(name))
        return max(
            (entry for entry in entries if isinstance(entry, End)),
            key=lambda end: end.time,
            default=None,
        )

    def _killed(self) -> End:
        # Its process has died without a word; the last that it did is known.
        last = self.journal.last_alive_ms() if self.journal is not None else 0
        return End("KILLED", max(self.header.start_ms, last))
