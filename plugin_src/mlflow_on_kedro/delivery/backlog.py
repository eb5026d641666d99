"""Journals of runs that are over: finding them, and delivering what is left in them."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..journal.entries import FILES, VALUES
from ..journal.folder import FOLDER, HEADER, Journal, is_id
from ..journal.records import Header
from ..tracking import store
from ..tracking.failures import Kind, kind_of, reason
from ..utils.secrets import without_credentials
from .connection import Connection
from .lane_thread import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, is_hopeless
from .pending import PendingSize
from .run_delivery import RunDelivery

logger = logging.getLogger(__name__)

STRAY_SECONDS = 24 * 3600.0
LOOKED_AT = 50
"""How many journals of earlier runs a run looks at; of more, some by chance."""
BUSY_SECONDS = 300.0
"""How long a server may ask to come again later."""

Progress = Callable[[PendingSize], None]


@dataclass(frozen=True)
class PendingJournal:
    """A journal that is not delivered.

    Attributes:
        journal: The journal.
        header: What run it is.
        size: How much of it waits.
        running: Whether its process still runs, or somebody delivers it now.
    """

    journal: Journal
    header: Header
    size: PendingSize
    running: bool


def find(place: Path) -> list[Journal]:
    """Find the journals of a project or folder, the oldest first.

    Args:
        place: A project's root, its ``.mlflow_on_kedro``, what ``MLFLOW_ON_KEDRO_HOME`` names, the
            ``journal`` folder, or one journal.
    """
    if (place / HEADER).is_file():
        return [Journal(place)]
    # What lies in a project from before MLFLOW_ON_KEDRO_HOME was set is found, too.
    own = {store.working_folder(place) / FOLDER, place / store.WORKING_FOLDER / FOLDER}
    for folders in (own, {place / FOLDER}, set(place.glob(f"*/{FOLDER}")), {place}):
        if any(folder.is_dir() for folder in folders):
            paths = [path for folder in folders for path in folder.glob(f"*/{HEADER}")]
            found = [Journal(path.parent) for path in paths]
            return sorted(found, key=lambda item: (_began(item), item.folder.name))
    return []


def look(journal: Journal) -> PendingJournal:
    """Say what waits in a journal.

    Raises:
        ValueError: It is damaged, or of a newer version.
        OSError: It cannot be read.
    """
    header = journal.header
    size = PendingSize.in_journal(journal, journal.delivered)
    try:
        hold(journal)
    except BlockingIOError:
        return PendingJournal(journal, header, size, running=True)
    journal.release()
    return PendingJournal(journal, header, size, running=False)


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
        journal: The journal; it is gone afterwards, unless files of it cannot be delivered or
            entries were refused: see :attr:`RunDelivery.files_failure`.
        connection: Where to deliver it.
        root: The root of the project that delivers.
        patience: Seconds for which a server that does not answer is asked again.
        retry: What of the refused entries is sent again: ``all``, ``passing`` (what may pass
            without anybody's doing) or ``none``.
        progress: Called with what is left, after each step.
        experiment: The experiment's name, instead of the one that the run was to be in.

    Returns:
        What was delivered.

    Raises:
        BlockingIOError: Its run is in progress, or somebody else delivers it.
        ValueError: It is damaged.
        Exception: Not even its values could be delivered; the journal stays.
    """
    hold(journal)
    try:
        if not journal.is_here():  # another process delivered it, and removes it just now
            raise FileNotFoundError(journal.folder)
        delivery = RunDelivery(
            journal.header, connection, root, journal, complete=True, experiment=experiment
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
        except Exception as error:
            delivery.files_failure = error
        each(VALUES, lambda: delivery.end() is None)
        if delivery.files_failure is None:
            each(FILES, delivery.close)
    finally:
        journal.release()
    return delivery


def _keep_trying(call: Callable[[], int], delivery: RunDelivery, lane: str, patience: float) -> int:
    """Call, and call again while the server is busy or has not been silent for long."""
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


def deliver_earlier(folder: Path, name: str, connection: Connection, root: Path) -> None:
    """Deliver what is left of the run that another is to go on with, so that MLflow has its end.

    Args:
        folder: Where the journals are.
        name: The journal's id.
        connection: The tracking server.
        root: The root of the project that delivers.

    Raises:
        Exception: MLflow cannot be reached.
    """
    journal = Journal(folder / name)
    if not is_id(name) or not journal.is_here():
        return
    try:
        meant = journal.header.uri
    except (OSError, ValueError):  # it is damaged
        return
    if meant in (None, without_credentials(connection.uri)):
        # It may still run, or somebody else have been faster.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            deliver(journal, connection, root)


def deliver_each(root: Path, uri: str, but: str) -> Iterator[None]:
    """Deliver what earlier runs of a project have left for a store, one journal an iteration.

    What was offline by choice, is for another store or was refused waits for `kedro mlflow sync`.

    Args:
        root: The project's root.
        uri: The tracking URI, with credentials.
        but: The journal of the present run.
    """
    connection = Connection(uri)
    for journal in _some(store.working_folder(root) / FOLDER):
        if journal.folder.name == but:
            continue
        try:
            if journal.header.uri != without_credentials(uri):
                continue
            if PendingSize.in_journal(journal, journal.delivered).is_refused_only:
                continue
            delivery = deliver(journal, connection, root, retry="passing")
        except BlockingIOError:
            continue
        except Exception as error:
            if not journal.is_here():  # another process was faster
                continue
            logger.warning(
                "What is left of an earlier run, in %s, could not be delivered: %s. "
                "`kedro mlflow sync` tries again.",
                journal.folder,
                reason(error),
            )
            if kind_of(error) is Kind.SILENT:
                return
            continue
        if delivery.opened is not None and not journal.is_here():
            logger.info(
                "Delivered what was left of the earlier run %s: %s.",
                delivery.opened.name,
                delivery.status,
            )
        yield


def uri_of(header: Header, configured: str, given: str | None, root: Path) -> str:
    """Say where a journal is to be delivered.

    Args:
        header: The journal's.
        configured: The tracking URI of the project that delivers.
        given: One that the user names.
        root: The root of the project that delivers.

    Raises:
        ConfigError: It was recorded for a local store that is not here; or it is another project's
            and for another server, which would be sent this project's credentials.
    """
    if given is not None:
        return given
    if header.uri is None or header.uri == without_credentials(configured):
        return configured
    path = store.sqlite_path(header.uri)
    if path is not None and not path.parent.is_dir():
        raise ConfigError(
            f"It was logged to {header.uri}, which is not on this machine: give `--uri`."
        )
    if path is None and Path(header.root) != root:
        raise ConfigError(
            f"It is another project's, and was logged to {header.uri}, which is not where this "
            f"project tracks. To send it there: `--uri {header.uri}`."
        )
    return header.uri


def hold(journal: Journal) -> None:
    """Take a journal whose process is over, until it is released.

    Raises:
        BlockingIOError: Its run is in progress, or somebody else delivers it.
        OSError: The folder cannot be written to.
    """
    try:
        journal.hold()
        journal.hold_sender()
    except BlockingIOError:
        journal.release()
        raise


def _began(journal: Journal) -> int:
    try:
        return journal.header.start_ms
    except (OSError, ValueError):
        return 0


def _some(folder: Path) -> list[Journal]:
    """Some journals, the oldest first; folders without a header that are a day old are removed.

    A process leaves such a folder that dies at its beginning or end.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - of thousands, only the names
    except OSError:
        return []
    found = []
    for name in random.sample(names, min(LOOKED_AT, len(names))):
        path = folder / name
        if (path / HEADER).is_file():
            found.append(Journal(path))
            continue
        with contextlib.suppress(OSError):  # the process whose it is removes it just now
            if path.is_dir() and time.time() - path.stat().st_mtime > STRAY_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
    return sorted(found, key=lambda item: (_began(item), item.folder.name))
