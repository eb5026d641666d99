"""What a process needs to speak to MLflow: credentials, request headers, the model registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..config import header_checks
from ..config.sections import Tracking
from ..utils import session_variables
from . import request_headers, uris


@dataclass(frozen=True)
class Access:
    """What a process needs to speak to MLflow; it can be pickled, for worker processes.

    Attributes:
        variables: Environment variables with credentials.
        headers: What goes with each request.
        registry_uri: Where models are registered; None: where runs are tracked.
    """

    variables: dict[str, str] = field(default_factory=dict, repr=False)
    headers: dict[str, Any] = field(default_factory=dict, repr=False)
    registry_uri: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, tracking: Tracking, credentials: Mapping[str, Any], root: Path) -> Access:
        """Gather it from the configuration.

        Args:
            tracking: That section of mlflow.yml.
            credentials: What ``tracking.credentials`` names in credentials.yml. Headers can be
                there too, as ``request_headers``.
            root: The project's root.

        Raises:
            ConfigError: The credentials hold something that MLflow does not need, or no MLflow
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
        """Have all of this process's calls to MLflow use it."""
        session_variables.use(self.variables, self.registry_uri)
        request_headers.use(self.headers)
