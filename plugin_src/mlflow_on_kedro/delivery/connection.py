"""The connection of a sender to a tracking server: its client, and the experiments found."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..tracking import store
from ..utils.overlap import THREADS
from .answer_clock import AnswerClock, WatchedClient

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Connection:
    """A tracking server to which one run, or several one after another, are delivered.

    Args:
        uri: The tracking URI, with credentials.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.is_remote = store.is_remote(uri)
        self.threads = THREADS if self.is_remote else 1
        self.experiments: dict[str, str] = {}
        """Ids of experiments that were found or created, by name."""
        self._client: MlflowClient | None = None
        self._lock = threading.Lock()

    def clock(self) -> AnswerClock:
        """Return a clock for requests to the tracking server."""
        return AnswerClock(remote=self.is_remote, http=self.uri.startswith("http"))

    def client(self, clock: AnswerClock) -> MlflowClient:
        """Return a client whose requests a clock watches.

        Raises:
            Exception: The store cannot be opened.
        """
        with self._lock:
            if self._client is None:
                self._client = store.connect(self.uri)
        watched: Any = WatchedClient(self._client, clock)
        return watched  # type: ignore[no-any-return]
