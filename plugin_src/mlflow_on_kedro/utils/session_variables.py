"""Environment variables that a session sets for MLflow, and puts back."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping


class SessionVariables:
    """Variables over those of the user; each session decides anew what they are.

    Example:
        >>> variables = SessionVariables()
        >>> variables.set({"MLFLOW_TRACKING_USERNAME": "me"})
        >>> os.environ["MLFLOW_TRACKING_USERNAME"]
        'me'
        >>> variables.set({})
        >>> os.environ.get("MLFLOW_TRACKING_USERNAME")
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set: dict[str, str] = {}
        self._users: dict[str, str | None] = {}
        self._before: dict[str, str] = {}
        self._runs = 0

    def set(self, variables: Mapping[str, str]) -> None:
        """Set variables; those of the session before get the user's values back.

        While a run is open, its variables stay, but for those that are set anew.
        """
        with self._lock:
            self._put({**self._set, **variables} if self._runs else variables)

    def present(self) -> dict[str, str]:
        """What is set."""
        return dict(self._set)

    def keep_for_end(self, variables: Mapping[str, str]) -> None:
        """Have these be set when the run that begins next has ended; else none are."""
        with self._lock:
            if not self._runs:
                self._before = dict(variables)

    def begin_run(self) -> None:
        """Keep what is set until the run ends."""
        with self._lock:
            self._runs += 1

    def end_run(self) -> None:
        """Put back what was set before the session of the run, if no other run is open."""
        with self._lock:
            self._runs -= 1
            if self._runs == 0:
                self._put(self._before)
                self._before = {}

    def _put(self, variables: Mapping[str, str]) -> None:
        for name in {*self._set, *variables}:
            present = os.environ.get(name)
            if name not in self._set or present != self._set[name]:  # the user has changed it
                self._users[name] = present
            value = variables.get(name, self._users[name])
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._set = dict(variables)
