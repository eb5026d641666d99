"""Journals of earlier runs that are not delivered yet."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..journal.entries import End
from ..journal.folder import FOLDER, HEADER, Journal
from ..journal.records import Header
from ..tracking import store
from ..tracking.failures import Kind, kind_of, reason
from ..utils.secrets import without_credentials
from .connection import Connection
from .journal_delivery import deliver
from .pending import PendingSize

logger = logging.getLogger(__name__)

STRAY_SECONDS = 24 * 3600.0
MAX_JOURNALS = 50
"""How many journals of earlier runs a run looks at; of more, it picks some at random."""


@dataclass(frozen=True)
class PendingJournal:
    """A journal that is not delivered.

    Attributes:
        journal: The journal.
        header: What the run is.
        size: How much of it waits.
        running: Whether its pipeline is running, or another process delivers it now.
        delivering: Whether its pipeline has ended, and another process delivers it now.
    """

    journal: Journal
    header: Header
    size: PendingSize
    running: bool
    delivering: bool = False

    @property
    def state(self) -> str:
        """What happens with it at present, for messages."""
        if self.delivering:
            return "being delivered now"
        return "in progress" if self.running else "waits"

    @classmethod
    def from_journal(cls, journal: Journal) -> PendingJournal:
        """Read what waits in a journal.

        Raises:
            ValueError: It is damaged, or of a newer version.
            OSError: It cannot be read.
        """
        header = journal.header
        size = PendingSize.in_journal(journal, journal.delivered)
        try:
            journal.hold_all()
        except BlockingIOError:
            has_ended = any(journal.all_of(End))
            return cls(journal, header, size, running=True, delivering=has_ended)
        journal.release()
        return cls(journal, header, size, running=False)


def find(place: Path) -> list[Journal]:
    """Find the journals of a project or folder, the oldest first.

    Args:
        place: A project's root, its ``.mlflow_on_kedro``, the folder of ``MLFLOW_ON_KEDRO_HOME``,
            a ``journal`` folder, or one journal.
    """
    if (place / HEADER).is_file():
        return [Journal(place)]
    # Runs from before MLFLOW_ON_KEDRO_HOME was set are in the project.
    own = {store.working_folder(place) / FOLDER, place / store.WORKING_FOLDER / FOLDER}
    for folders in (own, {place / FOLDER}, set(place.glob(f"*/{FOLDER}")), {place}):
        if any(folder.is_dir() for folder in folders):
            paths = [path for folder in folders for path in folder.glob(f"*/{HEADER}")]
            return _oldest_first([Journal(path.parent) for path in paths])
    return []


def deliver_backlog(root: Path, uri: str, skip: str) -> Iterator[None]:
    """Deliver what earlier runs of a project left for a store, one journal an iteration.

    Runs that were offline by choice, are for another store or were refused wait for
    `kedro mlflow sync`.

    Args:
        root: The project's root.
        uri: The tracking URI, with credentials.
        skip: The id of the present run's journal.
    """
    connection = Connection(uri)
    for journal in _some_journals(store.working_folder(root) / FOLDER):
        if journal.folder.name == skip:
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
            if not journal.exists():  # another process was faster
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
        if delivery.opened is not None and not journal.exists():
            logger.info(
                "Delivered what was left of the earlier run %s: %s.",
                delivery.opened.name,
                delivery.status,
            )
        yield


def delivery_uri(header: Header, configured: str, given: str | None, root: Path) -> str:
    """Return the tracking URI to which a journal is to be delivered.

    Args:
        header: The journal's.
        configured: The tracking URI of the project that delivers.
        given: The user's choice, if any.
        root: The root of the project that delivers.

    Raises:
        ConfigError: It was recorded for a local store that is not on this machine; or by another
            project for another server, which would be sent this project's credentials.
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


def _oldest_first(journals: list[Journal]) -> list[Journal]:
    def start_ms(journal: Journal) -> int:
        try:
            return journal.header.start_ms
        except (OSError, ValueError):
            return 0

    return sorted(journals, key=lambda item: (start_ms(item), item.folder.name))


def _some_journals(folder: Path) -> list[Journal]:
    """Return some journals, the oldest first; remove day-old folders without a header.

    A process that is killed at its beginning or end leaves such a folder.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - only names: there may be thousands
    except OSError:
        return []
    found = []
    for name in random.sample(names, min(MAX_JOURNALS, len(names))):
        path = folder / name
        if (path / HEADER).is_file():
            found.append(Journal(path))
            continue
        with contextlib.suppress(OSError):  # its process may be removing it
            if path.is_dir() and time.time() - path.stat().st_mtime > STRAY_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
    return _oldest_first(found)
