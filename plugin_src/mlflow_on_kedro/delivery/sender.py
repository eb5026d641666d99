"""What brings a run's entries to MLflow while its pipeline runs: a thread or a process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..journal.entries import Entry
from ..journal.records import Opened
from .pending import PendingSize


class Sender(ABC):
    """Delivers what a run's journal holds, and tries again as long as the run lasts.

    Attributes:
        goes_on: Whether it delivers the rest after this process has ended.
    """

    goes_on = False

    @property
    @abstractmethod
    def opened(self) -> Opened | None:
        """The run in MLflow; None as long as it is not there."""

    @property
    @abstractmethod
    def status(self) -> str | None:
        """How the run has ended in MLflow; None as long as it has not."""

    @property
    @abstractmethod
    def failing(self) -> bool:
        """Whether MLflow does not answer at present."""

    @property
    @abstractmethod
    def failure(self) -> Exception | None:
        """What no later try will mend."""

    @property
    @abstractmethod
    def warned(self) -> bool:
        """Whether the user was warned that not all could be delivered."""

    @abstractmethod
    def start(self) -> None:
        """Begin to deliver."""

    @abstractmethod
    def wait_open(self) -> None:
        """Wait for the run to be there, but not longer than a server that hangs may take."""

    @abstractmethod
    def flush(self, limit: float) -> None:
        """Wait until what was put so far is in MLflow, or a failure shows that it will not be.

        Args:
            limit: The most seconds to wait.
        """

    @abstractmethod
    def nudge(self) -> None:
        """Deliver soon: much has gathered."""

    @abstractmethod
    def remember(self, entry: Entry) -> None:
        """Take an entry that the journal could not, because the disk is full."""

    @abstractmethod
    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run.

        Args:
            limit: The most seconds that it may take while MLflow answers.
            progress: Called about once a second, with the seconds that have passed.

        Returns:
            Whether all is delivered.
        """

    @abstractmethod
    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""

    @abstractmethod
    def check(self) -> None:
        """Raise what has failed, if that was chosen.

        Raises:
            ConfigError: ``run.id`` names no run.
            MLflowOnKedroError: What has failed.
        """

    @abstractmethod
    def forgive(self) -> None:
        """Deliver the rest in spite of a failure that :meth:`check` will raise."""

    @abstractmethod
    def pending(self) -> PendingSize:
        """How much waits to be delivered."""
