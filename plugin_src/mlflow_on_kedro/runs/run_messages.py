"""What the user reads of a run: its name and address, what was logged, how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..delivery.pending import PendingSize
from ..delivery.sender import Sender
from ..journal.folder import Journal
from ..journal.records import Header, Opened
from ..journal.tally import Tally
from ..tracking import store
from ..utils import cli_hints
from ..utils.secrets import mask_urls
from .run_request import RunRequest

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 5.0
"""How long the end of a run may take without a message."""


class RunMessages:
    """The log messages of one run: three lines if all is well.

    The run's name and address when it begins (not if it has already ended then), what was logged,
    and how the run has ended.

    Args:
        request: What the run was to be.
        header: What run it is.
        uri: The tracking URI with its credentials.
        journal: The run's journal, if it has one.
    """

    def __init__(
        self, request: RunRequest, header: Header, uri: str, journal: Journal | None
    ) -> None:
        self._root, self._env = request.root, request.env
        self._header = header
        self._uri = uri
        self._journal = journal
        self._timings = request.config.time.prefix
        self._has_logged_opened = False

    def log_opened(self, opened: Opened) -> None:
        """Log the run's name, and where to look at it; once."""
        if self._has_logged_opened:
            return
        self._has_logged_opened = True
        logger.info("MLflow run %s is running%s", opened.name, self._where(opened))

    def log_content(self, tally: Tally, not_logged: str) -> None:
        """Log how much the run has logged.

        Args:
            tally: What it has logged.
            not_logged: What automatic logging has left out; "" if nothing.
        """
        content = tally.in_words(self._timings)
        parts = [f"Logged {content}." if content else "", not_logged]
        if any(parts):
            logger.info("%s", " ".join(filter(None, parts)))

    def _where(self, opened: Opened) -> str:
        url = store.run_url(self._uri, opened.experiment_id, opened.run_id)
        if url is not None:
            return f": {url}"
        return f"; `{cli_hints.to_view(self._uri, self._root, self._env)}` shows it."

    def progress_of(self, sender: Sender) -> Callable[[float], None]:
        """Make a function that logs every few seconds how much the end waits for."""
        logged_at = 0.0

        def progress(passed: float) -> None:
            nonlocal logged_at
            if sender.is_failing or passed < logged_at + PROGRESS_SECONDS:
                return
            logged_at = passed
            size = sender.pending()
            is_done = sender.status is not None and size == PendingSize()
            rest = "what earlier runs have left" if is_done else size.in_words()
            logger.info("Delivering to MLflow: %s to go ...", rest)

        return progress

    def log_ended(self, sender: Sender) -> None:
        """Log how the run has ended, and where to look at it."""
        opened, status = sender.opened, sender.status
        if opened is None or not self._header.owned:
            return
        ended = f"ended as {status}"
        if status == "RUNNING":
            ended = "is still open, because other processes with the same `run.key` log to it"
        logger.info("MLflow run %s %s%s", opened.name, ended, self._where(opened))

    def log_undelivered(self, sender: Sender) -> None:
        """Log what becomes of the entries that MLflow does not have, and release their journal."""
        if self._journal is None:
            logger.warning(
                "Not all of this run is in MLflow at %s, and it could not be kept for later.",
                mask_urls(self._uri),
            )
            return
        if sender.continues_after_exit:  # and takes the journal's lock when this process has ended
            logger.info(
                "The rest of this run is delivered to MLflow in the background: %s to go. "
                "`kedro mlflow status` shows how far it is.",
                sender.pending().in_words(),
            )
            return
        self._journal.release()
        logger.log(
            logging.INFO if sender.has_warned else logging.WARNING,
            "Not all of this run is in MLflow at %s: what waits (%s) is kept in %s. %s.",
            mask_urls(self._uri),
            sender.pending().in_words(),
            self._journal.folder,
            cli_hints.to_deliver(self._root, self._env),
        )

    def log_offline(self) -> None:
        """Log where the run's journal is, and release it."""
        if self._journal is None:
            return
        self._journal.release()
        logger.info(
            "Tracking is offline: this run is kept in %s. Deliver it with `kedro mlflow sync`, or "
            "from another machine with `kedro mlflow sync PATH`.",
            self._journal.folder,
        )

    def log_interrupted(self) -> None:
        """Warn that the user did not wait for the delivery."""
        if self._journal is not None:
            logger.warning(
                "Not waiting any longer: what MLflow lacks of this run is kept in %s. %s.",
                self._journal.folder,
                cli_hints.to_deliver(self._root, self._env),
            )
