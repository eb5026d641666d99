"""Access to MLflow: credentials, request headers and the URI of the model registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import header_checks
from ..config.checks import check_choice
from ..config.keys import choices
from ..config.sections import Tracking
from ..utils import environment, session_variables
from . import request_headers, uris


def is_offline(tracking: Tracking) -> bool:
    """Whether no server may be contacted: the environment's mode comes before mlflow.yml's.

    Raises:
        ConfigError: The environment names no known mode.
    """
    given = environment.mode()
    if given is not None:
        check_choice(environment.MODE, given, choices(Tracking)["mode"], "the environment")
    return (given or tracking.mode) == "offline"


@dataclass(frozen=True)
class Access:
    """What a process needs to send requests to MLflow; can be pickled for workers.

    Attributes:
        variables: Environment variables with credentials.
        headers: HTTP headers of each request.
        registry_uri: Where models are registered; None: where runs are tracked.
    """

    variables: dict[str, str] = field(default_factory=dict, repr=False)
    headers: dict[str, Any] = field(default_factory=dict, repr=False)
    registry_uri: str | None = field(default=None, repr=False)

    @classmethod
    def from_settings(
        cls, tracking: Tracking, credentials: Mapping[str, Any], root: Path
    ) -> Access:
        """Read it from mlflow.yml and credentials.yml.

        Args:
            tracking: That section of mlflow.yml.
            credentials: The entry of credentials.yml that ``tracking.credentials`` names. It can
                have headers too, as ``request_headers``.
            root: The project's root.

        Raises:
            ConfigError: The credentials contain something that MLflow does not need, or no MLflow
                can be at ``tracking.registry_uri``.
        """
        secret = credentials.get(header_checks.KEY) or {}
        header_checks.check(secret, "credentials.yml")
        rest = {name: item for name, item in credentials.items() if name != header_checks.KEY}
        return cls(
            variables=session_variables.mlflow_variables(rest),
            headers={**tracking.request_headers, **secret},
            registry_uri=uris.resolve_registry_uri(tracking.registry_uri, root),
        )

    def use(self) -> None:
        """Make all calls of this process to MLflow use it."""
        session_variables.use(self.variables, self.registry_uri)
        request_headers.use(self.headers)
