"""The interface of what delivers a run's entries while its pipeline runs: a thread or a process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ..journal.entries import Entry
from ..journal.records import Opened
from .pending import PendingSize


class Sender(ABC):
    """Delivers the entries in a run's journal, and retries as long as the run lasts.

    Attributes:
        continues_after_exit: Whether it delivers the rest after this process has ended.
    """

    continues_after_exit = False

    @property
    @abstractmethod
    def opened(self) -> Opened | None:
        """The run in MLflow; None until it is created."""

    @property
    @abstractmethod
    def status(self) -> str | None:
        """The status with which the run has ended in MLflow; None until then."""

    @property
    @abstractmethod
    def is_failing(self) -> bool:
        """Whether MLflow does not answer at present."""

    @property
    @abstractmethod
    def failure(self) -> Exception | None:
        """A failure that no later try can repair."""

    @property
    @abstractmethod
    def has_warned(self) -> bool:
        """Whether the user was warned that not everything could be delivered."""

    @abstractmethod
    def start(self) -> None:
        """Begin to deliver."""

    @abstractmethod
    def wait_open(self) -> None:
        """Wait until the run is open, at most as long as a silent server may block the pipeline."""

    @abstractmethod
    def flush(self, limit: float, *, values_only: bool = False) -> None:
        """Wait until all entries so far are in MLflow, or delivery has failed.

        Args:
            limit: The most seconds to wait.
            values_only: Do not wait for artifacts and models.
        """

    @abstractmethod
    def nudge(self) -> None:
        """Deliver soon: many entries wait."""

    @abstractmethod
    def remember(self, entry: Entry) -> None:
        """Deliver an entry that could not be written into the journal, as on a full disk."""

    @abstractmethod
    def finish(self, limit: float, progress: Callable[[float], None]) -> bool:
        """Deliver the rest and end the run.

        Args:
            limit: The most seconds to take while MLflow answers.
            progress: Called about once a second, with the seconds that have passed.

        Returns:
            Whether everything is delivered.
        """

    @abstractmethod
    def abandon(self) -> None:
        """Stop as soon as possible; what is undelivered stays in the journal."""

    @abstractmethod
    def check(self) -> None:
        """Raise a failure that is to be raised: a wrong ``run.id``, or any if so configured.

        Raises:
            ConfigError: ``run.id`` names no run.
            MLflowOnKedroError: Something has failed, and ``tracking.on_failure`` is ``raise``.
        """

    @abstractmethod
    def ignore_failure(self) -> None:
        """Deliver the rest in spite of a failure, which :meth:`check` still raises."""

    @abstractmethod
    def pending(self) -> PendingSize:
        """Return how much waits for delivery."""
