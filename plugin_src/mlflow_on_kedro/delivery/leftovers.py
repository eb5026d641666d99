"""Journals of runs that are over: finding them, and delivering what is left in them."""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..journal.folder import FOLDER, HEADER, Journal, is_id
from ..journal.records import Header
from ..secrets import without_credentials
from ..tracking import store
from ..tracking.failures import reason
from .parcel import Left, Parcel

logger = logging.getLogger(__name__)

STRAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Waiting:
    """A journal that is not delivered.

    Attributes:
        journal: The journal.
        header: What run it is.
        left: How much of it waits.
        running: Whether its process still runs, or somebody delivers it now.
    """

    journal: Journal
    header: Header
    left: Left
    running: bool


def find(place: Path) -> list[Journal]:
    """Find the journals of a project or folder, the oldest first.

    Args:
        place: A project's root, its ``.mlflow_on_kedro``, the ``journal`` folder, or one journal.
    """
    if (place / HEADER).is_file():
        return [Journal(place)]
    for folder in (place / store.WORKING_FOLDER / FOLDER, place / FOLDER, place):
        if folder.is_dir():
            found = [Journal(path.parent) for path in folder.glob(f"*/{HEADER}")]
            return sorted(found, key=lambda item: (_began(item), item.folder.name))
    return []


def look(journal: Journal) -> Waiting:
    """Say what waits in a journal.

    Raises:
        ValueError: It is damaged, or of a newer version.
        OSError: It cannot be read.
    """
    header = journal.header
    left = Parcel(header, "", journal.folder, journal).left()
    try:
        journal.hold()
    except BlockingIOError:
        return Waiting(journal, header, left, running=True)
    journal.release()
    return Waiting(journal, header, left, running=False)


def deliver(
    journal: Journal,
    uri: str,
    root: Path,
    progress: Callable[[Left], None] | None = None,
    on_call: Callable[[], None] | None = None,
) -> Parcel:
    """Deliver a journal whose process is over, and end its run.

    Args:
        journal: The journal; it is gone afterwards.
        uri: The tracking URI, with credentials.
        root: The root of the project that delivers.
        progress: Told what is left, after each step.
        on_call: Called before each call to MLflow.

    Returns:
        What was delivered.

    Raises:
        BlockingIOError: Its run is in progress, or somebody else delivers it.
        ValueError: It is damaged.
        Exception: MLflow cannot be reached; the journal stays.
    """
    journal.hold()
    try:
        if not journal.is_here():  # another process delivered it, and removes it just now
            raise FileNotFoundError(journal.folder)
        parcel = Parcel(journal.header, uri, root, journal, complete=True)
        if on_call is not None:
            parcel.watch(on_call)
        parcel.open()
        while parcel.step():
            if progress is not None:
                progress(parcel.left())
        parcel.finish()
    finally:
        journal.release()
    return parcel


def deliver_earlier(
    folder: Path, name: str, uri: str, root: Path, on_call: Callable[[], None]
) -> None:
    """Deliver what is left of the run that another is to go on with, so that MLflow has its end.

    Args:
        folder: Where the journals are.
        name: The journal's id.
        uri: The tracking URI, with credentials.
        root: The root of the project that delivers.
        on_call: Called before each call to MLflow.

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
    if meant in (None, without_credentials(uri)):
        # It may still run, or somebody else have been faster.
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            deliver(journal, uri, root, on_call=on_call)


def deliver_each(root: Path, uri: str, but: str) -> Iterator[None]:
    """Deliver what earlier runs of a project have left for a store, one journal an iteration.

    What was offline by choice, or is for another store, waits for ``kedro mlflow sync``.

    Args:
        root: The project's root.
        uri: The tracking URI, with credentials.
        but: The journal of the present run.
    """
    _remove_strays(root / store.WORKING_FOLDER / FOLDER)
    for journal in find(root):
        if journal.folder.name == but:
            continue
        try:
            if journal.header.uri != without_credentials(uri):
                continue
            parcel = deliver(journal, uri, root)
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
            return
        if parcel.opened is not None:
            logger.info(
                "Delivered what was left of the earlier run %s: %s.",
                parcel.opened.name,
                parcel.status,
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


def _began(journal: Journal) -> int:
    try:
        return journal.header.start_ms
    except (OSError, ValueError):
        return 0


def _remove_strays(folder: Path) -> None:
    """Remove folders without a header, which a process left that died at their beginning or end."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        is_stray = path.is_dir() and not (path / HEADER).exists()
        with contextlib.suppress(OSError):  # the process whose it is removes it just now
            if is_stray and time.time() - path.stat().st_mtime > STRAY_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
