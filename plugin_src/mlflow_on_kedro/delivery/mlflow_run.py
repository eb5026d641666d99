"""The run in MLflow to which a journal is delivered: opened, ended, and tagged while files wait."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..journal.entries import End
from ..journal.folder import Journal
from ..journal.records import Header, Opened
from ..tracking import store
from ..tracking.failures import is_gone
from ..tracking.opening import end_run, open_run
from ..tracking.shared_run import delete_tag
from ..utils.mlflow_limits import MAX_TAG_LENGTH
from ..utils.secrets import mask_urls
from .connection import Connection
from .entry_queue import EntryQueue

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

WAITING_TAG = "kedro.files_waiting"
"""On a run that has ended while artifacts still wait: their names."""
_MAX_NAMES = 5


class MLflowRun:
    """One run in MLflow, which may exist already.

    Args:
        header: What the run is.
        connection: The tracking server.
        root: The root of the project that delivers.
        journal: The run's journal; None: there is none.
        complete: The pipeline is over, and what it opened may be in another store.
        tried: Another process has tried to deliver the run, and may have created it.
        before_open: Called before the run is created: delivers the run that it resumes.
    """

    def __init__(
        self,
        header: Header,
        connection: Connection,
        root: Path,
        journal: Journal | None,
        *,
        complete: bool,
        tried: bool,
        before_open: Callable[[MLflowRun], None],
    ) -> None:
        self.header = header
        self.connection, self.root, self.journal = connection, root, journal
        self.opened: Opened | None = journal.opened if journal is not None else None
        self.status: str | None = journal.ended if journal is not None else None
        """The status with which it has ended in MLflow."""
        self._before_open = before_open
        # Another process, perhaps one that was killed, may have created the run,
        self.may_exist = tried or (journal is not None and journal.create_requested)
        # or delivered a copy of the journal.
        self.may_have_content = self._search = complete or self.may_exist
        self._is_checked = not complete
        self._has_tag = self.status is not None

    def open(self, client: MlflowClient, queue: EntryQueue) -> Opened:
        """Find or create the run.

        Args:
            client: A client of the run's store.
            queue: The run's entries, all of which a new run needs.

        Raises:
            ConfigError: ``run.id`` names no run of the store.
            Exception: MLflow cannot be reached, or refuses the run.
        """
        uri = self.connection.uri
        if self.opened is not None and not self._is_checked:
            self._check_exists(client, self.opened, queue)
        if self.opened is None:
            self._before_open(self)
            again, self._search = self._search, True
            if self.journal is not None:
                self.journal.note_create_requested()
            known = self.connection.experiments
            self.opened = open_run(client, self.header, uri, self.root, again=again, known=known)
            store.make_local_folder(self.opened.artifact_uri)
            if self.journal is not None:
                with contextlib.suppress(OSError):  # a full disk: a tag identifies the run, too
                    self.journal.opened = self.opened
        return self.opened

    def _check_exists(self, client: MlflowClient, opened: Opened, queue: EntryQueue) -> None:
        """Start over if the store has no such run: it was removed, or is in another store."""
        try:
            client.get_run(opened.run_id)
        except Exception as error:
            if not is_gone(error):
                raise
            if queue.has_begun:
                logger.warning(
                    "MLflow at %s has no run %s, to which a part was delivered: everything is sent "
                    "to a new run, except the artifacts that were already delivered.",
                    mask_urls(self.connection.uri),
                    opened.run_id,
                )
            queue.start_again()
            self.opened, self.status, self._has_tag = None, None, False
        self._is_checked = True

    def end(self, client: MlflowClient, opened: Opened, end: End) -> str:
        """End the run, and return the status with which it has ended."""
        return end_run(client, self.header, opened, end.status, end.time, again=self.may_exist)

    def note_ended(self, status: str) -> None:
        """Remember the status with which the run has ended."""
        self.status = status
        if self.journal is not None:
            self.journal.ended = status

    def mark_waiting(self, client: MlflowClient, opened: Opened, names: Sequence[str]) -> None:
        """Name the artifacts that still wait in a tag of the run; remove the tag if there are none.

        Args:
            client: A client of the run's store.
            opened: The run.
            names: The artifacts.
        """
        if names:
            more = f" and {len(names) - _MAX_NAMES} more" if names[_MAX_NAMES:] else ""
            text = ", ".join(names[:_MAX_NAMES]) + more
            self._has_tag = True  # even if the answer is lost
            client.set_tag(opened.run_id, WAITING_TAG, text[:MAX_TAG_LENGTH])
        elif self._has_tag:
            delete_tag(client, opened.run_id, WAITING_TAG)
            self._has_tag = False
