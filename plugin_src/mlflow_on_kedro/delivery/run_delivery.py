"""Delivering one run: its values with its end, and its files; no thread of its own."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal.entries import FILES, VALUES, End, Part, Register, Text, lane_of
from ..journal.folder import Journal
from ..journal.records import Header, Opened, Trouble
from ..models import registry
from ..models.pending_registrations import pending_registrations
from ..tracking import capabilities, store
from ..tracking.artifact_names import goes_by_http
from ..tracking.capabilities import Feature
from ..tracking.failures import Kind, is_gone, is_mistake, is_refusal, kind_of, reason
from ..tracking.opening import end_run, open_run
from ..tracking.shared_run import delete_tag
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from ..utils.secrets import mask_urls
from . import child_header
from .artifact_writer import ArtifactWriter
from .batch_writer import BatchWriter
from .child_deliveries import ChildDeliveries
from .connection import Connection
from .entry_queue import EntryQueue
from .pending import PendingSize

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

WAITING_TAG = "kedro.files_waiting"
"""On a run that has ended while artifacts still wait: their names."""
_NAMED = 5


class RunDelivery:
    """Delivers one run in two lanes.

    The methods of a lane (:meth:`open`, :meth:`send_values` and :meth:`end`; :meth:`send_files` and
    :meth:`close`) are each called by one thread at a time; those of both lanes may overlap.

    Args:
        header: What run it is.
        connection: The tracking server.
        root: The root of the project that delivers.
        journal: Where the entries are; None: in memory only.
        raising: Raise what MLflow refuses.
        complete: Nobody writes to the journal any more.
        tried: Another process has tried to deliver it, and may have created the run.
        experiment: The experiment's name, instead of the header's.
    """

    def __init__(
        self,
        header: Header,
        connection: Connection,
        root: Path,
        journal: Journal | None,
        *,
        raising: bool = False,
        complete: bool = False,
        tried: bool = False,
        experiment: str | None = None,
    ) -> None:
        if experiment:
            header = replace(header, experiment=experiment, experiment_id=None, given_parent=None)
        self.header = header
        self.uri = connection.uri
        self.journal = journal
        self.queue = EntryQueue(journal, raising=raising, complete=complete)
        self.opened: Opened | None = journal.opened if journal is not None else None
        self.status: str | None = journal.ended if journal is not None else None
        """How the run has ended in MLflow."""
        self.files_failure: Exception | None = None
        """Why files still wait of a run that has ended."""
        self.registered: list[str] = []
        """What is to be said of the models that were registered."""
        self.clocks = {VALUES: connection.clock(), FILES: connection.clock()}
        self._connection = connection
        self._root = root
        self._raising = raising
        # An earlier try, perhaps of a process that was killed, may have asked for the run.
        self._was_asked = tried or (journal is not None and journal.was_asked)
        # Or it was delivered from a copy of the journal.
        self._again = self._tried = complete or self._was_asked
        # What an earlier process has opened may be of another store (`kedro mlflow sync --uri`).
        self._is_known = not complete
        self._parts: dict[Part, None] = {}
        self._values: BatchWriter | None = None
        self._files: ArtifactWriter | None = None
        self._end: End | None = None
        self._has_chart = False
        self._has_tag = self.status is not None
        self._complete = complete
        self._children = ChildDeliveries(journal, self._delivery_of)

    # -- the lane of values --------------------------------------------------------------------

    def open(self) -> Opened:
        """Find or create the run in MLflow.

        Raises:
            ConfigError: ``run.id`` names no run of the store.
            Exception: MLflow cannot be reached, or refuses the run.
        """
        client = self._client(VALUES)
        if self.opened is not None and not self._is_known:
            self._check_known(client, self.opened)
        if self.opened is None:
            self._deliver_earlier()
            again, self._tried = self._tried, True
            if self.journal is not None:
                self.journal.note_asked()
            self.opened = open_run(
                client,
                self.header,
                self.uri,
                self._root,
                again=again,
                known=self._connection.experiments,
            )
            store.make_local_folder(self.opened.artifact_uri)
            if self.journal is not None:
                with contextlib.suppress(OSError):  # a full disk; the tag finds the run again
                    self.journal.opened = self.opened
        return self.opened

    def send_values(self) -> int:
        """Send some values, also of the child runs of ``run.children``.

        Returns:
            How many.

        Raises:
            Exception: MLflow is away, busy or takes nothing; the next call tries the same again.
        """
        opened = self.open()
        return self._send_own_values(opened) + self._children.send_values(opened.run_id)

    def _send_own_values(self, opened: Opened) -> int:
        chunk = self.queue.next(VALUES)
        if chunk is None:
            return 0
        if self._values is None:
            self._values = BatchWriter(
                self._client(VALUES),
                opened.run_id,
                self.queue.set_aside,
                threads=self._connection.threads,
            )
        if self.queue.is_from_memory(VALUES):
            self._parts.update(dict.fromkeys(e for e in chunk.entries if isinstance(e, Part)))
        self._values.send(chunk.entries)
        files = [entry for entry in chunk.entries if lane_of(entry) == FILES]
        if files:  # an older version of the plugin has written both lanes into one file
            self._artifact_writer(opened).send(files)
        ends = [entry for entry in chunk.entries if isinstance(entry, End)]
        self._end = ends[-1] if ends else self._end
        self.queue.done(VALUES)
        more = self._send_own_values(opened) if self.queue.has_memory(VALUES) else 0
        return more + len(chunk.entries) or 1  # all damaged: there may be more

    def end(self) -> str:
        """End the run in MLflow, once its values are there; files that wait are named in a tag.

        Returns:
            How the run has ended.

        Raises:
            Exception: MLflow cannot be reached.
        """
        opened = self.open()
        if self.status is None:
            client, end = self._client(VALUES), self._last_end()
            for child in self._children.all():
                while child.send_values():
                    pass
                child.end()
            self._mark_waiting(client, opened)
            status = end_run(
                client, self.header, opened, end.status, end.time, again=self._was_asked
            )
            if self.header.trace:
                self._send_trace(opened, end)
            self.status = status  # not before: after a failure the next call tries again
            if self.journal is not None:
                self.journal.ended = self.status
        return self.status

    # -- the lane of files ---------------------------------------------------------------------

    def send_files(self) -> int:
        """Upload some artifacts and models of a run that is open.

        Returns:
            How many.

        Raises:
            Exception: The artifact store is away, busy or takes nothing; the next call tries the
                same again.
        """
        of_children = self._children.send_files()
        chunk = self.queue.next(FILES) if self.opened is not None else None
        if chunk is None or self.opened is None:
            return of_children
        self._artifact_writer(self.opened).send(chunk.entries)
        self.queue.done(FILES)
        return of_children + len(chunk.entries) or 1  # all damaged: there may be more

    def close(self, *, registers: bool = True) -> int:
        """Finish a run that has ended, once its files are there: register models, remove the tag.

        Args:
            registers: Whether models may be registered, if the run has finished.

        Returns:
            0: nothing more waits but what was refused.

        Raises:
            Exception: MLflow cannot be reached.
        """
        if self.opened is not None:
            client = self._client(FILES)
            self._close_children()
            self._draw_shared_chart(client, self.opened)
            # Of a run with a key another process may have saved the models.
            wanted = registers and (self.header.registers or self.header.key)
            if wanted and self.status == "FINISHED":
                self._register(client, self.opened)
            if self.queue.waiting_files():
                self._mark_waiting(client, self.opened)
            elif self._has_tag:
                delete_tag(client, self.opened.run_id, WAITING_TAG)
        if self.journal is not None and not (self.journal.set_aside or self.journal.children()):
            self.journal.discard()
        return 0

    def _delivery_of(self, child: Journal) -> RunDelivery:
        opened, client = self.opened or self.open(), self._client(VALUES)
        delivery = RunDelivery(
            child_header.delivered_header(child, self.header, opened, client),
            self._connection,
            self._root,
            child,
            raising=self._raising,
            complete=self._complete or child.header.group is None,
            tried=self._was_asked,
        )
        delivery.queue.retry_set_aside()
        return delivery

    def _close_children(self) -> None:
        """Upload the files of child runs, and what nodes that were killed have left."""
        from ..journal import node_files

        for child in self._children.all():
            while child.send_files():
                pass
            child.close(registers=self.status in {"FINISHED", "RUNNING"})
        if self.journal is not None:
            node_files.write_left(self.journal)
            while self.send_files():
                pass

    def _draw_shared_chart(self, client: MlflowClient, opened: Opened) -> None:
        """Upload the chart of a run with a key, once its last part has ended."""
        if self.header.key is None or self.status in {None, "RUNNING"} or self._has_chart:
            return
        from ..timeline import shared_chart

        page = shared_chart.draw(client, client.get_run(opened.run_id))
        if page is not None:
            self._artifact_writer(opened).send([Text(shared_chart.GANTT_ARTIFACT, page)])
        self._has_chart = True

    def _register(self, client: MlflowClient, opened: Opened) -> None:
        again = self._again or self.header.key is not None
        for pending in pending_registrations(client, opened.run_id):
            try:
                self.registered.append(registry.register(client, self.uri, pending, again=again))
            except Exception as error:
                if kind_of(error) in (Kind.SILENT, Kind.BUSY, Kind.SERVER):
                    raise
                place = f"MLflow's registered model '{pending.registered_name}'"
                self.queue.set_aside(Register(pending.name), error, 1, place=place)

    # -- both ----------------------------------------------------------------------------------

    def pending(self) -> PendingSize:
        """How much waits to be delivered."""
        return self.queue.pending()

    def note_trouble(self, lane: str, error: Exception | None) -> None:
        """Note in the journal why a lane waits, or that it does no longer."""
        if self.journal is not None and self.journal.is_here():
            trouble = Trouble(reason(error), time.time_ns() // 1_000_000) if error else None
            self.journal.note_trouble(lane, trouble)

    def _client(self, lane: str) -> MlflowClient:
        return self._connection.client(self.clocks[lane])

    def _artifact_writer(self, opened: Opened) -> ArtifactWriter:
        if self._files is None:
            clock, place = self.clocks[FILES], opened.artifact_uri
            clock.remote = ":" in place and not place.startswith("file:")
            clock.http = goes_by_http(place)
            self._files = ArtifactWriter(
                self._client(FILES),
                opened.run_id,
                place,
                functools.partial(self.queue.set_aside, place=_artifact_store(place)),
                uri=self.uri,
                raising=self._raising,
                again=self._again,
                threads=self._connection.threads,
                originals=self._is_of_this_project,
            )
        return self._files

    @property
    def _is_of_this_project(self) -> bool:
        own = store.working_folder(self._root).resolve()
        return self.journal is None or self.journal.folder.resolve().is_relative_to(own)

    # -- the run in MLflow ---------------------------------------------------------------------

    def _deliver_earlier(self) -> None:
        if self.header.resume is not None and self.journal is not None:
            from .backlog import deliver_earlier  # which delivers runs

            folder = self.journal.folder.parent
            deliver_earlier(folder, self.header.resume, self._connection, self._root)

    def _check_known(self, client: MlflowClient, opened: Opened) -> None:
        """Begin anew if the store has no such run: it was removed, or is that of another store."""
        try:
            client.get_run(opened.run_id)
        except Exception as error:
            if not is_gone(error):
                raise
            if self.queue.has_begun:
                logger.warning(
                    "MLflow at %s has no run %s, to which a part was delivered: all goes to a new "
                    "run, but for the artifacts that were delivered.",
                    mask_urls(self.uri),
                    opened.run_id,
                )
            self.queue.start_again()
            self.opened, self.status, self._has_tag = None, None, False
        self._is_known = True

    def _mark_waiting(self, client: MlflowClient, opened: Opened) -> None:
        """Name the artifacts in the run that it has not got."""
        names = self.queue.waiting_files()
        if names:
            more = f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
            text = ", ".join(names[:_NAMED]) + more
            client.set_tag(opened.run_id, WAITING_TAG, text[:MAX_TAG_LENGTH])
            self._has_tag = True

    def _send_trace(self, opened: Opened, end: End) -> None:
        from ..observability import traces

        parts = [*self._parts, *(e for e in self.queue.written() if isinstance(e, Part))]
        try:
            with self.clocks[VALUES].request():
                traces.deliver(self.uri, self.header, opened, parts, end)
        except Exception as error:
            is_lacking = capabilities.lacks(
                self.uri,
                Feature.TRACES,
                error,
                "the run's trace is left out",
                lambda: self._client(VALUES).get_run(opened.run_id),
            )
            if is_lacking:
                return
            if self._raising or not (is_refusal(error) or is_mistake(error)):
                raise
            logger.warning("MLflow did not take the run's trace, which is left out: %s", error)

    def _last_end(self) -> End:
        """The end of the pipeline: one that was sent now or earlier, or that of a kill."""
        if self._end is not None:
            return self._end
        if self.queue.has_begun:
            ends = [entry for entry in self.queue.written() if isinstance(entry, End)]
            if ends:
                return max(ends, key=lambda end: end.time)
        last = self.journal.last_alive_ms() if self.journal is not None else 0
        return End("KILLED", max(self.header.start_ms, last))


def _artifact_store(uri: str) -> str:
    return "MLflow" if goes_by_http(uri) else f"The artifact store {mask_urls(uri)}"
