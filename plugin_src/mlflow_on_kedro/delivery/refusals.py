"""Whether a failure is a refusal of some entries, or one of the whole server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..mlflow_internals.tags import RUN_NAME
from ..tracking.failures import Kind, is_by_mlflow, kind_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRIES = 3
"""How often an entry is sent that a server refuses while it accepts others."""
BUSY_TRIES = 10
PAUSE_SECONDS = 0.3
_TRUSTED_SECONDS = 5.0


class RefusalJudge:
    """Decides what a failure means for the entries that were sent.

    Args:
        client: A client of the run's store.
        run_id: The run.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client, self._run_id = client, run_id
        self._accepted_at = float("-inf")
        self._busy = 0

    def note_accepted(self) -> None:
        """Note that the server has accepted a request."""
        self._accepted_at = time.monotonic()
        self._busy = 0

    def may_be_refusal(self, error: Exception) -> bool:
        """Return whether an error is about the entries that were sent, not the whole server."""
        kind = kind_of(error)
        if kind in (Kind.SILENT, Kind.GONE):
            return False
        if kind is Kind.BUSY:
            self._busy += 1
            return self._busy > BUSY_TRIES and self._accepts_others()
        return is_final(error) or self._accepts_others()

    def _accepts_others(self) -> bool:
        """Return whether the server accepts a value that changes nothing: the run's own name."""
        if time.monotonic() < self._accepted_at + _TRUSTED_SECONDS:
            return True
        try:
            name = self._client.get_run(self._run_id).info.run_name
            self._client.set_tag(self._run_id, RUN_NAME, name)
        except Exception:
            return False
        self._accepted_at = time.monotonic()
        return True


def is_final(error: Exception) -> bool:
    """Return whether MLflow itself has refused a request, so that another try is useless."""
    kind = kind_of(error)
    # For an answer of another server, as a proxy's 413, MLflow raises INTERNAL_ERROR.
    return kind is Kind.MISTAKE or (kind is Kind.REFUSED and is_by_mlflow(error))
