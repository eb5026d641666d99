"""The failures of a sender: which are warned of, and which are raised in the pipeline."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ConfigError, MLflowOnKedroError
from ..journal.entries import VALUES
from ..tracking.failure_messages import failure_message
from .lane_thread import LaneThread, is_hopeless
from .outage_log import OutageLog


class SenderFailures:
    """Notes what fails in the lanes of a sender.

    Args:
        uri: The tracking URI.
        log: Warns of failures that are not raised.
        raising: Whether failures are raised in the pipeline (``tracking.on_failure: raise``).
        on_failure: Called when :meth:`check` has something to raise.
    """

    def __init__(
        self, uri: str, log: OutageLog, *, raising: bool, on_failure: Callable[[], None]
    ) -> None:
        self._uri, self._log = uri, log
        self._raising, self._on_failure = raising, on_failure
        self._ignored: Exception | None = None
        self.fatal: Exception | None = None
        """A failure after which the pipeline need not wait for this sender."""

    def note(self, lane: LaneThread, error: Exception, *, values_fail: bool) -> None:
        """Note a failure, and warn of it once, unless it will be raised.

        Args:
            lane: The lane that has failed.
            error: Its failure.
            values_fail: Whether the lane of values fails at present.
        """
        is_config = isinstance(error, ConfigError)
        if not (self._raising or is_config):
            self._log.note(lane.name, error, values_fail=values_fail)
        raises = self._raising and self._ignored is None
        hopeless = lane.name == VALUES and is_hopeless(error)
        if raises or hopeless or is_config:
            self.fatal = error
            self._on_failure()

    def check(self) -> None:
        """Raise a failure that is to be raised.

        Raises:
            ConfigError: ``run.id`` names no run.
            MLflowOnKedroError: What has failed.
        """
        failure = self._ignored or self.fatal
        if isinstance(failure, ConfigError):
            raise failure
        if self._raising and failure is not None:
            effect = "and `tracking.on_failure` is raise, so the pipeline stops"
            raise MLflowOnKedroError(failure_message(self._uri, failure, effect)) from failure

    def ignore(self) -> None:
        """Continue in spite of a failure, which :meth:`check` still raises."""
        self._ignored, self.fatal = self.fatal, None
