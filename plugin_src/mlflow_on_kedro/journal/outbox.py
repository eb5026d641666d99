"""The interface through which a process logs the entries of a run.

How and when an entry reaches MLflow is up to the classes in :mod:`mlflow_on_kedro.delivery`.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from pathlib import Path

from ..utils.secrets import mask_urls
from .entries import Entry, File

logger = logging.getLogger(__name__)


class Outbox(ABC):
    """Accepts the entries that one process logs to one run."""

    @abstractmethod
    def put(self, entry: Entry) -> None:
        """Log an entry."""

    @abstractmethod
    def flush(self, *, values_only: bool = False) -> None:
        """Wait until all entries are in MLflow, or delivery has failed.

        Args:
            values_only: Do not wait for artifacts and models.
        """

    @abstractmethod
    def secure(self) -> None:
        """Make sure that no entry is lost if this process is killed from now on."""


def is_missing_file(entry: Entry) -> bool:
    """Return whether an entry is a file that does not exist; warn that it is left out."""
    if not isinstance(entry, File) or Path(entry.path).exists():
        return False
    logger.warning(
        "MLflow did not take the artifact %s, which is left out: there is no such file.",
        mask_urls(entry.path),
    )
    return True
