"""Environment variables that a Kedro session sets for MLflow: credentials and the model registry.

They are set for this process and those that it starts, and restored when the session's run ends.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError

_REGISTRY = "MLFLOW_REGISTRY_URI"
_CREDENTIALS = {
    "username": "MLFLOW_TRACKING_USERNAME",
    "password": "MLFLOW_TRACKING_PASSWORD",
    "token": "MLFLOW_TRACKING_TOKEN",
}
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


class SessionVariables:
    """A set of variables that override the user's; each session replaces those of the one before.

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
        """Set variables, and restore the user's values of those that the session before has set.

        While a run is open, the variables that it has set stay, unless they are set again.
        """
        with self._lock:
            self._put({**self._set, **variables} if self._runs else variables)

    def present(self) -> dict[str, str]:
        """Return the variables that are set."""
        return dict(self._set)

    def keep_for_end(self, variables: Mapping[str, str]) -> None:
        """Set these variables when the next run has ended, instead of none."""
        with self._lock:
            if not self._runs:
                self._before = dict(variables)

    def begin_run(self) -> None:
        """Keep the variables until the run ends."""
        with self._lock:
            self._runs += 1

    def end_run(self) -> None:
        """Restore the variables of before the run's session, if no other run is open."""
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


SESSION = SessionVariables()
"""The variables of this process's latest session."""


def mlflow_variables(credentials: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables for an entry of credentials.yml.

    Args:
        credentials: ``username``, ``password`` and ``token``, or any variable by its own name, such
            as ``MLFLOW_S3_ENDPOINT_URL`` or ``AWS_ACCESS_KEY_ID``.

    Raises:
        ConfigError: A name is neither; the message does not contain its value.

    Example:
        >>> mlflow_variables({"username": "me"})
        {'MLFLOW_TRACKING_USERNAME': 'me'}
    """
    for name in credentials:
        if name not in _CREDENTIALS and not _VARIABLE.fullmatch(str(name)):
            raise ConfigError(
                f"credentials.yml: '{name}' is nothing that MLflow needs. Valid are "
                f"{', '.join(_CREDENTIALS)}, request_headers, and names of environment variables "
                "such as AWS_ACCESS_KEY_ID."
            )
    given = {name: value for name, value in credentials.items() if value is not None}
    return {_CREDENTIALS.get(name, name): str(value) for name, value in given.items()}


def use(credentials: Mapping[str, str], registry_uri: str | None) -> None:
    """Set credentials and the model registry for this process and those that it starts.

    Args:
        credentials: The variables from which MLflow and its artifact stores read credentials.
        registry_uri: The URI of the model registry; None: the user's own, if any.
    """
    SESSION.set({**credentials, **({_REGISTRY: registry_uri} if registry_uri else {})})
