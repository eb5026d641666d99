"""A last look at the files of ``artifacts.every`` when the pipeline's process was killed."""

from __future__ import annotations

import logging
from pathlib import Path

from ..journal.entries import File
from ..journal.folder import OF_DELIVERY, Journal
from ..journal.writer import Writer
from ..tracking.artifact_files import states

logger = logging.getLogger(__name__)

QUIET_NS = 2_000_000_000
"""A file that was written to later than so long before the kill may not be whole."""


def log_changed(journal: Journal, root: Path, killed_ns: int) -> None:
    """Write into the journal which files have changed and were whole when the process was killed.

    Args:
        journal: The run's journal, which this process holds.
        root: The project's root.
        killed_ns: The time in nanoseconds since the epoch, as the file system gives it.
    """
    watched = journal.watched
    if watched is None:
        return
    writer = Writer(journal, OF_DELIVERY)
    for path, folder, state in states(watched.patterns, root):
        if watched.known.get(path) != state and killed_ns - state[1] >= QUIET_NS:
            try:
                writer.append(File(str(path), folder))
            except OSError as error:
                logger.warning("%s was not logged: %s", path, error)
