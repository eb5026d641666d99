"""The tracking URI and the registry's URI: chosen, checked and made absolute."""

from __future__ import annotations

import re
from pathlib import Path

from ..config import uri_checks, uri_schemes
from ..errors import ConfigError
from ..utils import environment, run_variables
from .store import in_sqlite_uri, sqlite_path

# Of two letters or more: one is a drive of Windows.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")
_SERVERS = ("http://", "https://")


def resolve_uri(uri: str | None, root: Path, where: str = "'tracking.uri'") -> str:
    """Choose the tracking URI: the given one, else the environment's, else a SQLite file.

    Args:
        uri: ``tracking.uri`` or a hook's argument. A relative SQLite path or folder starts
            at ``root``, whatever the current directory is.
        root: The project's root.
        where: Where the URI was given, for the message.

    Raises:
        ConfigError: No MLflow can be there; the message gives the nearest valid form.

    Example:
        >>> resolve_uri("sqlite:///runs.db", Path("/project"))
        'sqlite:////project/runs.db'
    """
    if uri:
        return _resolved(uri, root, where)
    given = run_variables.users_tracking_uri()
    if given is not None:
        return _resolved(given, root, "The environment variable MLFLOW_TRACKING_URI")
    return _placed("sqlite:///mlflow.db", root)


def is_of_environment(uri: str | None, root: Path) -> bool:
    """Whether the environment's ids of a run and an experiment belong to the tracking URI.

    Args:
        uri: ``tracking.uri``.
        root: The project's root.

    Raises:
        ConfigError: No MLflow can be at ``tracking.uri``.
    """
    if not uri or run_variables.users_tracking_uri() is None:
        return True
    try:
        environments = resolve_uri(None, root)
    except ConfigError:  # that URI is not used
        return False
    return resolve_uri(uri, root) == environments


def resolve_registry_uri(uri: str | None, root: Path) -> str | None:
    """Make ``tracking.registry_uri`` absolute: relative paths start at the root.

    Raises:
        ConfigError: See :func:`resolve_uri`.

    Example:
        >>> resolve_registry_uri("sqlite:///models.db", Path("/project"))
        'sqlite:////project/models.db'
    """
    return _resolved(uri, root, "'tracking.registry_uri'") if uri else None


def check_registry_variable() -> None:
    """Check ``MLFLOW_REGISTRY_URI``, which matters only to runs that register models.

    Raises:
        ConfigError: See :func:`resolve_uri`.
    """
    given = environment.registry_uri()
    if given is not None:
        uri_checks.check(given, "The environment variable MLFLOW_REGISTRY_URI")


def _resolved(uri: str, root: Path, where: str) -> str:
    uri_checks.check(uri, where)
    return _placed(uri, root)


def _placed(uri: str, root: Path) -> str:
    path = sqlite_path(uri)
    if path is not None and not path.is_absolute():
        start = uri.index("///") + len("///")
        return f"{uri[:start]}{in_sqlite_uri(root)}/{uri[start:]}"
    if uri.lower().startswith(_SERVERS):  # MLflow accepts capitals, too
        scheme, _, place = uri.partition(":")
        return f"{scheme.lower()}:{place}"
    if _SCHEME.match(uri) or uri in uri_schemes.WORDS:
        return uri
    return (root / uri).resolve().as_uri()
