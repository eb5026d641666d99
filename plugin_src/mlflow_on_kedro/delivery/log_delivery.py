"""Sending the log of a run while its pipeline runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..journal.folder import Journal
from ..journal.log_file import FOLDER
from ..journal.log_text import log_size, path_of, read_log
from ..journal.records import Header
from ..tracking import creating, store

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0
ANSWER_SECONDS = 30


class LogDelivery:
    """Sends the log of a run every 30 seconds if it has grown.

    A try that fails is passed over: there will be another one, and the whole log is one of the
    files that are sent when the pipeline has ended.

    Args:
        journal: The run's journal; None: there is none, and so no log.
        header: Its header.
        uri: The tracking URI.
    """

    def __init__(self, journal: Journal | None, header: Header, uri: str | None) -> None:
        self._folder = journal.folder / FOLDER if journal is not None else None
        self._header, self._uri = header, uri
        self._sent = 0
        self._due = time.monotonic() + INTERVAL_SECONDS

    @property
    def path(self) -> str:
        """Where the log is among the artifacts of the run."""
        return path_of(self._header)

    def text(self) -> str | None:
        """Return the log; None: the pipeline keeps none."""
        if self._folder is None or not self._folder.is_dir():
            return None
        return read_log(self._folder)

    def send_if_due(self, client: Callable[[], MlflowClient], run_id: str) -> None:
        """Send the log if it has grown, and was not sent just now.

        Args:
            client: Makes a client of the run's store.
            run_id: The run.
        """
        if time.monotonic() < self._due or self._folder is None or not self._folder.is_dir():
            return
        try:
            size = log_size(self._folder)
            if size > self._sent:
                text = read_log(self._folder)
                with store.artifacts_at(self._uri), creating.sent_once(ANSWER_SECONDS):
                    client().log_text(run_id, text, self.path)
                self._sent = size
        except Exception as error:
            logger.debug("The log of the run was not sent: %r", error)
        finally:
            self._due = time.monotonic() + INTERVAL_SECONDS
