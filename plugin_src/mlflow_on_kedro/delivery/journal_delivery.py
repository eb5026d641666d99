"""Delivering the journal of a run that is over, in the calling thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from ..journal.entries import FILES, VALUES
from ..journal.folder import Journal, is_id
from ..tracking.failures import Kind, kind_of
from ..utils.secrets import without_credentials
from .connection import Connection
from .lane_thread import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, is_hopeless
from .mlflow_run import MLflowRun
from .pending import PendingSize
from .run_delivery import RunDelivery

BUSY_SECONDS = 300.0
"""How long to retry while the server answers that it is busy."""

Progress = Callable[[PendingSize], None]


def deliver(
    journal: Journal,
    connection: Connection,
    root: Path,
    *,
    patience: float = 0.0,
    retry: str = "all",
    progress: Progress = lambda _: None,
    experiment: str | None = None,
) -> RunDelivery:
    """Deliver a journal whose process is over, and end its run.

    Args:
        journal: The journal; it is removed, unless files cannot be delivered or entries are
            refused: see :attr:`RunDelivery.files_failure`.
        connection: Where to deliver it.
        root: The root of the project that delivers.
        patience: For how many seconds to retry while a server does not answer.
        retry: Which of the refused entries to send again: ``all``, ``passing`` (those that may be
            accepted although nobody changes anything) or ``none``.
        progress: Called after each step with what is left.
        experiment: The experiment's name, instead of the header's.

    Returns:
        The delivery.

    Raises:
        BlockingIOError: The run is in progress, or another process delivers it.
        ValueError: The journal is damaged.
        Exception: Not even the values could be delivered; the journal stays.
    """
    journal.hold_all()
    try:
        if not journal.exists():  # another process has delivered it, and is removing it
            raise FileNotFoundError(journal.folder)
        delivery = RunDelivery(
            journal.header,
            connection,
            root,
            journal,
            complete=True,
            experiment=experiment,
            before_open=deliver_resumed,
        )
        if retry != "none":
            delivery.queue.retry_set_aside(passing_only=retry == "passing")

        def each(lane: str, send: Callable[[], int]) -> None:
            try:
                while _keep_trying(send, delivery, lane, patience):
                    progress(delivery.pending())
            except Exception as error:
                delivery.note_trouble(lane, error)
                raise
            delivery.note_trouble(lane, None)

        each(VALUES, delivery.send_values)
        try:
            each(FILES, delivery.send_files)
            delivery.add_last_files()
            each(FILES, delivery.send_files)
        except Exception as error:
            delivery.files_failure = error
        each(VALUES, lambda: delivery.end() is None)
        if delivery.files_failure is None:
            each(FILES, delivery.close)
    finally:
        journal.release()
    return delivery


def _keep_trying(call: Callable[[], int], delivery: RunDelivery, lane: str, patience: float) -> int:
    """Call, and retry while the server is busy or has not been silent for long."""
    begin = time.monotonic()
    pause = FIRST_RETRY_SECONDS
    while True:
        try:
            return call()
        except Exception as error:
            limit = BUSY_SECONDS if kind_of(error) is Kind.BUSY else patience
            passed = max(time.monotonic() - begin, delivery.clocks[lane].silence)
            if is_hopeless(error) or passed >= limit:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LAST_RETRY_SECONDS)


def deliver_resumed(run: MLflowRun) -> None:
    """Deliver the journal of the run that another one resumes, so that it has ended in MLflow.

    Args:
        run: The run that resumes another one, if its header names one.

    Raises:
        Exception: MLflow cannot be reached.
    """
    name = run.header.resume
    if name is None or run.journal is None or not is_id(name):
        return
    journal = Journal(run.journal.folder.parent / name)
    if not journal.exists():
        return
    try:
        uri = journal.header.uri
    except (OSError, ValueError):  # it is damaged
        return
    if uri in (None, without_credentials(run.connection.uri)):
        # It may be in progress, or another process may deliver it.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            deliver(journal, run.connection, run.root)
