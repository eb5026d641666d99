"""Warnings that a run cannot be delivered: at most one for each lane."""

from __future__ import annotations

import logging

from ..journal.entries import FILES, VALUES
from ..tracking.artifact_names import goes_by_http
from ..tracking.failure_messages import INCOMPLETE, SERVERS_STORE, failure_message
from ..tracking.failures import Kind, is_unknown_uri, kind_of
from .lane_thread import is_hopeless
from .run_delivery import RunDelivery

logger = logging.getLogger(__name__)


class OutageLog:
    """Warns of the first failure of each lane.

    Args:
        delivery: Delivers the run.
        kept_in: Where undelivered entries are kept; None: nowhere.
    """

    def __init__(self, delivery: RunDelivery, kept_in: str | None) -> None:
        self._delivery, self._kept_in = delivery, kept_in
        self._warned: set[str] = set()

    @property
    def has_warned(self) -> bool:
        """Whether there was a warning."""
        return bool(self._warned)

    def note(self, lane: str, error: Exception, *, values_fail: bool) -> None:
        """Warn of a failure, unless the server is busy, or the other lane had the same outage.

        Args:
            lane: The lane that has failed.
            error: Its failure.
            values_fail: Whether the lane of values fails at present.
        """
        if kind_of(error) is Kind.BUSY or lane in self._warned:
            return
        opened = self._delivery.opened
        if lane == FILES and opened is not None:
            by_server = goes_by_http(opened.artifact_uri)
            if by_server and (values_fail or VALUES in self._warned):
                return
            uri = self._delivery.uri if by_server else opened.artifact_uri
            store = SERVERS_STORE if by_server else "The artifact store"
            what = "the files of this run are"
        else:
            uri, store, what = self._delivery.uri, "MLflow", "this run is"
        self._warned.add(lane)
        logger.warning("%s", failure_message(uri, error, self._effect(what, error), store))

    def _effect(self, what: str, error: Exception) -> str:
        if self._kept_in is None:
            return INCOMPLETE
        later = " and delivered as soon as it can be, or later by `kedro mlflow sync`"
        if is_unknown_uri(error):
            later = ""
        elif is_hopeless(error):
            later = " for `kedro mlflow sync`"
        return f"so {what} kept in {self._kept_in}{later}; the pipeline runs on"
