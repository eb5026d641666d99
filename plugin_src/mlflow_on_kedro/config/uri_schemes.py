"""The schemes of tracking and registry URIs, with the rules for what follows each of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from ..utils import environment
from ..utils.mlflow_version import major_minor, mlflow_version

SQLITE = "sqlite:///mlflow.db"
WORDS = ("databricks", "databricks-uc", "uc")
"""URIs that are a word without a scheme."""
JOURNAL_SCHEME = "mlflow-on-kedro"
"""The scheme by which MLflow finds the store that writes to a run's journal."""
UNCHECKED = frozenset({*WORDS, JOURNAL_SCHEME})
SERVERS = ("http", "https")
OTHER_NAMES = {
    "postgres": "postgresql",
    "psql": "postgresql",
    "pg": "postgresql",
    "mariadb": "mysql",
    "sqlserver": "mssql",
}
# https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/
FOR_ARTIFACTS = frozenset(
    {"s3", "gs", "wasb", "wasbs", "abfs", "abfss", "hdfs", "viewfs", "dbfs", "ftp", "sftp", "r2"}
    | {"b2", "mlflow-artifacts"}
)
PACKAGES = {"azureml": "azureml-mlflow", "arn": "sagemaker-mlflow"}
"""Schemes that need another package."""
HOST = r"(?:[\w.\-]+|\[[0-9A-Fa-f:.%]+\])"

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_WITHOUT_FOLDERS = (3, 13)
"""The first MLflow that refuses a folder as a store."""
_NEEDS_SLASHES = "'://' belongs between scheme and host"
# A scheme has two letters or more: one letter is a drive of Windows.
_WITH_SCHEME = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]+)(?P<mark>:[/\\]*|[;/\\]{2,})(?P<rest>.*)"
)
_LOCATION = re.compile(rf"(?:[^/?#]*@)?(?P<host>{HOST})(?::(?P<port>\d+))?(?:[/?].*)?")


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a URI.

    Attributes:
        problem: The mistake in words.
        form: The URI without this mistake; None if no form is near.
    """

    problem: str
    form: str | None = None


@dataclass(frozen=True)
class UriParts:
    """A URI, split at its scheme.

    Attributes:
        scheme: The scheme as it is written.
        mark: The characters between scheme and rest, which should be ``://``.
        rest: Everything after that.
    """

    scheme: str
    mark: str
    rest: str

    @property
    def family(self) -> str:
        """The scheme in lower case, without a database's driver."""
        scheme = self.scheme.lower()
        return scheme if scheme.count("+") > 1 else scheme.partition("+")[0]

    @property
    def after_family(self) -> str:
        """The URI without its family: driver, mark and rest."""
        return f"{self.scheme[len(self.family) :]}{self.mark}{self.rest}"


def split(uri: str) -> UriParts | None:
    """Split a URI at its scheme; None if it has none."""
    parts = _WITH_SCHEME.fullmatch(uri)
    return UriParts(**parts.groupdict()) if parts is not None else None


@functools.cache
def registered() -> set[str]:
    """Find the schemes that packages add to MLflow (https://mlflow.org/docs/latest/ml/plugins/)."""
    groups = ("mlflow.tracking_store", "mlflow.model_registry_store")
    return {item.name for group in groups for item in metadata.entry_points(group=group)}


def check_folder() -> Mistake | None:
    """Check that this MLflow tracks to folders."""
    version = mlflow_version()
    if major_minor(version) < _WITHOUT_FOLDERS or environment.allows_file_store():
        return None
    return Mistake(
        f"that is a folder, which MLflow {version} does not track to unless the environment has "
        "MLFLOW_ALLOW_FILE_STORE=true",
        SQLITE,
    )


def _check_server(uri: UriParts) -> Mistake | None:
    if not uri.rest:
        return Mistake("the host is missing")
    if uri.mark != "://":
        return Mistake(_NEEDS_SLASHES, f"{uri.scheme}://{uri.rest.lstrip(' /')}")
    inner = split(uri.rest)
    if inner is not None and "/" in inner.mark and inner.family in SERVERS:
        return Mistake("it has two schemes", uri.rest)
    server, _, page = uri.rest.partition("#")
    if page and "@" not in page:  # else it is in a password
        return Mistake("that is a page of MLflow's UI", f"{uri.scheme}://{server.rstrip('/')}")
    location = _LOCATION.fullmatch(uri.rest)
    if location is None or not 0 < int(location["port"] or 1) < 2**16:
        escaped = "; in a password / is %2F, ? is %3F and # is %23" if "@" in uri.rest else ""
        return Mistake(f"what follows '://' is neither a host nor host:port{escaped}")
    return None


def _check_sqlite(uri: UriParts) -> Mistake | None:
    slashes = len(uri.mark) - 1
    if uri.mark == "://" and not uri.rest:  # a database in memory
        return None
    if slashes == 1 and "/" in uri.rest:  # from the root of the file system
        slashes = 4
    mark = f":{'/' * min(max(slashes, 3), 4)}"
    if uri.mark == mark:
        return None
    return Mistake(
        "a SQLite file follows three slashes, and a fourth one if its path is absolute",
        f"{uri.scheme}{mark}{uri.rest}",
    )


def _check_database(uri: UriParts) -> Mistake | None:
    if uri.mark in {"://", ":///"}:  # the latter: the host is in the options, or the default
        return None
    return Mistake(_NEEDS_SLASHES, f"{uri.scheme}://{uri.rest}")


def _check_file(uri: UriParts) -> Mistake | None:
    is_local = uri.mark != "://" or uri.rest.startswith(("localhost", "127.0.0.1"))
    if check_folder() is None and not is_local:
        return Mistake("the name after '//' would be a host", uri.rest or None)
    return check_folder()


CHECKS: dict[str, Callable[[UriParts], Mistake | None]] = {
    **dict.fromkeys(SERVERS, _check_server),
    **dict.fromkeys(_DATABASES, _check_database),
    "sqlite": _check_sqlite,
    "file": _check_file,
}
"""MLflow's own schemes, each with its rule."""
