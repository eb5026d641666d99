"""Delivering one run: its values with its end, and its files; without a thread of its own."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal import node_files
from ..journal.entries import (
    FILES,
    VALUES,
    End,
    Loaded,
    Model,
    Prompt,
    SpanRecord,
    Summary,
    Text,
    of_kind,
)
from ..journal.folder import Journal
from ..journal.records import Header, Opened, Trouble
from ..prompts import links
from ..provenance import loaded
from ..timeline import span_metrics, timeline_file
from ..tracking import store
from ..tracking.artifact_names import goes_by_http
from ..tracking.failures import reason
from ..utils.clock import now_ms
from ..utils.secrets import mask_urls
from . import child_header, description, finishing
from .artifact_writer import ArtifactWriter
from .batch_writer import BatchWriter
from .child_deliveries import ChildDeliveries
from .connection import Connection
from .entry_queue import EntryQueue
from .log_delivery import LogDelivery
from .mlflow_run import MLflowRun
from .pending import PendingSize
from .run_trace import RunTrace

if TYPE_CHECKING:
    from mlflow import MlflowClient


class RunDelivery:
    """Delivers one run in two lanes.

    One thread at a time calls the methods of a lane (:meth:`open`, :meth:`send_values` and
    :meth:`end`; :meth:`send_files` and :meth:`close`); the two lanes may overlap.

    Args:
        header: What the run is.
        connection: The tracking server.
        root: The root of the project that delivers.
        journal: Where the entries are; None: in memory only.
        raising: Raise what MLflow refuses.
        complete: No process writes to the journal any more.
        tried: Another process has tried to deliver the run, and may have created it.
        experiment: The experiment's name, instead of the header's.
        before_open: Called before the run is created: delivers the run that it resumes.
        on_opened: Called once, when MLflow has the run.
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
        before_open: Callable[[MLflowRun], None] = lambda _: None,
        on_opened: Callable[[Opened], None] = lambda _: None,
    ) -> None:
        if experiment:
            header = replace(header, experiment=experiment, experiment_id=None, given_parent=None)
        self.header = header
        self.uri = connection.uri
        self.journal = journal
        self.queue = EntryQueue(journal, raising=raising, complete=complete)
        self.files_failure: Exception | None = None
        """Why files still wait although the run has ended."""
        self.registered: list[str] = []
        """A message for each model that was registered."""
        self.clocks = {VALUES: connection.clock(), FILES: connection.clock()}
        self._run = MLflowRun(
            header,
            connection,
            root,
            journal,
            complete=complete,
            tried=tried,
            before_open=before_open,
        )
        self._on_opened: Callable[[Opened], None] | None = on_opened
        self._connection, self._root, self._raising = connection, root, raising
        self._values: BatchWriter | None = None
        self._files: ArtifactWriter | None = None
        self._end: End | None = None
        self._has_chart = self._has_last_files = self._has_linked_prompts = False
        self._complete = complete
        clock, is_live = self.clocks[VALUES], not complete
        self._trace = RunTrace(
            header, self.uri, self.queue, clock, is_live=is_live, raising=raising
        )
        self._children = ChildDeliveries(journal, self._delivery_of)
        self._log = LogDelivery(journal, header, self.uri)

    @property
    def opened(self) -> Opened | None:
        """The run in MLflow; None until it is created."""
        return self._run.opened

    @property
    def status(self) -> str | None:
        """The status with which the run has ended in MLflow; None until then."""
        return self._run.status

    # -- the lane of values --------------------------------------------------------------------

    def open(self) -> Opened:
        """Find or create the run in MLflow.

        Raises:
            ConfigError: ``run.id`` names no run of the store.
            Exception: MLflow cannot be reached, or refuses the run.
        """
        opened = self._run.open(self._client(VALUES), self.queue)
        if self._on_opened is not None:
            on_opened, self._on_opened = self._on_opened, None
            on_opened(opened)
        return opened

    def send_values(self) -> int:
        """Send some values, also of the child runs of ``run.children``.

        Returns:
            How many.

        Raises:
            Exception: MLflow is unreachable, busy or refuses everything; the next call sends the
                same again.
        """
        opened = self.open()
        self._trace.send_begun(opened)
        return self._send_own_values(opened) + self._children.send_values(opened.run_id)

    def _send_own_values(self, opened: Opened) -> int:
        chunk = self.queue.next(VALUES)
        if chunk is None:
            return 0
        self._batch_writer(opened).send(chunk.entries)
        files = [entry for entry in chunk.entries if entry.lane == FILES]
        if files:  # older versions of the plugin wrote both lanes into one file
            self._artifact_writer(opened).send(files)
        self._trace.note(chunk.entries)
        self._end = next(reversed(of_kind(chunk.entries, End)), self._end)
        self.queue.done(VALUES)
        more = self._send_own_values(opened) if self.queue.has_memory(VALUES) else 0
        return more + len(chunk.entries) or 1  # if all are damaged, others may follow

    def end(self) -> str:
        """End the run in MLflow once its values are there; a tag names the files that still wait.

        Returns:
            The status with which it has ended.

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
            self._send_timings(opened, end)
            self._run.mark_waiting(client, opened, self.queue.waiting_files())
            status = self._run.end(client, opened, end)
            self._describe(client, opened, status)
            if self.header.trace:
                self._trace.send(client, opened, self._spans, end)
            self._run.note_ended(status)  # last: after a failure the next call does all again
            return status
        return self.status

    @functools.cached_property
    def _spans(self) -> list[SpanRecord]:
        """All timings, read once: they are needed first when nothing is timed any more."""
        return self.queue.all_of(SpanRecord)

    def _send_timings(self, opened: Opened, end: End) -> None:
        values = [
            *span_metrics.metrics_of(self._spans),
            *self._trace.metrics(self._client(VALUES), opened, self._spans, end),
            *finishing.interrupted_nodes(self._spans, end),
        ]
        if values:
            self._batch_writer(opened).send(values)

    def _batch_writer(self, opened: Opened) -> BatchWriter:
        if self._values is None:
            client, threads = self._client(VALUES), self._connection.threads
            refused = self.queue.set_aside
            self._values = BatchWriter(client, opened.run_id, refused, threads=threads)
        return self._values

    # -- the lane of files ---------------------------------------------------------------------

    def add_last_files(self) -> None:
        """Add what was timed, loaded and logged to the run's files, once all others are sent.

        Raises:
            Exception: MLflow cannot be reached.
        """
        if self._has_last_files or self.header.group is not None:
            return
        versions = [*self.queue.all_of(Loaded), *self._versions_of_prompts()]
        for path, content in (
            (timeline_file.path_of(self.header), lambda: timeline_file.to_text(self._spans)),
            (loaded.path_of(self.header), lambda: loaded.to_text(versions)),
            (self._log.path, self._log.text),
        ):
            self._add_last_file(path, content)
        self._has_last_files = True

    def _versions_of_prompts(self) -> list[Loaded]:
        """Return the versions of prompts that were not known when they were loaded."""
        unknown = [each for each in self.queue.all_of(Prompt) if each.dataset and not each.version]
        if not unknown or self.opened is None:
            return []
        linked = links.linked_versions(self._client(FILES), self.opened.run_id)
        return [
            Loaded(each.dataset, json.dumps({"uri": f"prompts:/{each.name}/{linked[each.name]}"}))
            for each in unknown
            if each.name in linked
        ]

    def _add_last_file(self, path: str, content: Callable[[], str | None]) -> None:
        # An earlier delivery of this journal may have written it, and the store refused it.
        if self.journal is not None and self.journal.newest_file(lambda file: file.place == path):
            return
        text = content()
        if text is not None:
            self.queue.add(Text(path, text))

    def send_files(self) -> int:
        """Upload some artifacts and models of a run that is open.

        Returns:
            How many.

        Raises:
            Exception: The artifact store is unreachable, busy or refuses everything; the next call
                sends the same again.
        """
        of_children = self._children.send_files()
        chunk = self.queue.next(FILES) if self.opened is not None else None
        if chunk is None or self.opened is None:
            if self.opened is not None and not self._has_last_files:
                self._log.send_if_due(lambda: self._client(FILES), self.opened.run_id)
            return of_children
        self._artifact_writer(self.opened).send(chunk.entries)
        self.queue.done(FILES)
        return of_children + len(chunk.entries) or 1  # if all are damaged, others may follow

    def close(self, *, registers: bool = True) -> int:
        """Finish a run that has ended, once its files are there: register models, remove the tag.

        Args:
            registers: Whether models may be registered, if the run has finished.

        Returns:
            0: nothing waits except what was refused.

        Raises:
            Exception: MLflow cannot be reached.
        """
        if self.opened is not None:
            client, run_id = self._client(FILES), self.opened.run_id
            self._close_children()
            is_shared = self.header.key is not None
            is_over = self.status not in {None, "RUNNING"}
            if is_shared and is_over and not self._has_chart:
                finishing.send_shared_chart(client, run_id, self._artifact_writer(self.opened))
                self._has_chart = True
            if is_over and (is_shared or any(self.queue.written(Model))):
                finishing.link_metrics(client, run_id)
            if is_over and not self._has_linked_prompts and any(self.queue.written(Prompt)):
                finishing.link_prompts_to_traces(client, self.uri, self.opened)
                self._has_linked_prompts = True
            # Models of a shared run may be those of another pipeline.
            wanted = registers and (self.header.registers or is_shared)
            if wanted and self.status == "FINISHED":
                again = self._run.may_have_content or is_shared
                self.registered += finishing.register_models(
                    client, self.uri, run_id, self.queue, again=again
                )
                self._describe(client, self.opened, self.status, registered=True)
            self._run.mark_waiting(client, self.opened, self.queue.waiting_files())
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
            tried=self._run.may_exist,
        )
        delivery.queue.retry_set_aside()
        return delivery

    def _close_children(self) -> None:
        """Upload the files of child runs, and those of nodes that were killed."""
        for child in self._children.all():
            while child.send_files():
                pass
            child.close(registers=self.status in {"FINISHED", "RUNNING"})
        if self.journal is not None:
            node_files.write_leftover_entries(self.journal)
            while self.send_files():
                pass

    # -- both ----------------------------------------------------------------------------------

    def pending(self) -> PendingSize:
        """Return how much waits for delivery."""
        return self.queue.pending()

    def note_trouble(self, lane: str, error: Exception | None) -> None:
        """Write into the journal why a lane waits, or with None that it no longer does."""
        if self.journal is not None and self.journal.exists():
            trouble = Trouble(reason(error), now_ms()) if error else None
            self.journal.note_trouble(lane, trouble)

    def _client(self, lane: str) -> MlflowClient:
        return self._connection.client(self.clocks[lane])

    def _artifact_writer(self, opened: Opened) -> ArtifactWriter:
        if self._files is None:
            clock, place = self.clocks[FILES], opened.artifact_uri
            clock.remote = ":" in place and not place.startswith("file:")
            clock.http = goes_by_http(place)
            name = "MLflow" if clock.http else f"The artifact store {mask_urls(place)}"
            own = store.working_folder(self._root).resolve()
            self._files = ArtifactWriter(
                self._client(FILES),
                opened.run_id,
                place,
                functools.partial(self.queue.set_aside, place=name),
                uri=self.uri,
                raising=self._raising,
                again=self._run.may_have_content,
                threads=self._connection.threads,
                originals=self.journal is None or self.journal.folder.resolve().is_relative_to(own),
            )
        return self._files

    def _describe(
        self, client: MlflowClient, opened: Opened, status: str, *, registered: bool = False
    ) -> None:
        summaries = self.queue.all_of(Summary)
        if summaries:
            end = replace(self._last_end(), status=status)
            description.write(
                client, self.header, opened, summaries[-1], end, registered=registered
            )

    def _last_end(self) -> End:
        """Return the end of the pipeline; if none was logged, the process was killed."""
        if self._end is not None:
            return self._end
        ends = list(self.queue.written(End)) if self.queue.has_begun else []
        if ends:
            return max(ends, key=lambda end: end.time)
        last = self.journal.last_alive_ms() if self.journal is not None else 0
        return End("KILLED", max(self.header.start_ms, last))
