"""What a run has to say in one process: written down first, then delivered.

The rest of the plugin only calls :meth:`Outbox.put` and :meth:`Outbox.flush`; how and when an
entry reaches the store is this module's business, and that of the ones it is made of.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from pathlib import Path

from ..journal.entries import Entry, File
from ..utils.secrets import mask_urls

logger = logging.getLogger(__name__)


class Outbox(ABC):
    """Takes the entries of one run in one process."""

    @abstractmethod
    def put(self, entry: Entry) -> None:
        """Take an entry."""

    @abstractmethod
    def flush(self) -> None:
        """Wait until all that was put is in MLflow, or it is clear that it will not be."""

    @abstractmethod
    def settle(self) -> None:
        """See to it that nothing is lost if this process ends without a word."""


def is_missing(entry: Entry) -> bool:
    """Say that there is no such file, before it is looked for in the journal."""
    if not isinstance(entry, File) or Path(entry.path).exists():
        return False
    logger.warning(
        "MLflow did not take the artifact %s, which is left out: there is no such file.",
        mask_urls(entry.path),
    )
    return True
