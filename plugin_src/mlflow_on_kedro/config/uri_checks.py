"""Mistakes in tracking and registry URIs, each with the nearest form that MLflow takes.

MLflow takes whatever has no scheme for a folder, which it no longer tracks to: a server's address
without one would fail at the first call, with words on folders.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from ..errors import ConfigError
from ..utils import environment
from ..utils.mlflow_version import major_minor, mlflow_version
from ..utils.secrets import mask_urls

_SQLITE = "sqlite:///mlflow.db"
_EXAMPLES = f"'http://127.0.0.1:5000' or '{_SQLITE}'"
_WITHOUT_FOLDERS = (3, 13)
"""The first MLflow that refuses a folder as a store."""

WORDS = ("databricks", "databricks-uc", "uc")
JOURNAL_SCHEME = "mlflow-on-kedro"
"""The scheme by which MLflow finds the store that writes to a run's journal."""
_UNCHECKED = frozenset({*WORDS, JOURNAL_SCHEME})
_SERVERS = ("http", "https")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_OTHER_NAMES = {
    "postgres": "postgresql",
    "psql": "postgresql",
    "pg": "postgresql",
    "mariadb": "mysql",
    "sqlserver": "mssql",
}
# https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/
_FOR_ARTIFACTS = frozenset(
    {"s3", "gs", "wasb", "wasbs", "abfs", "abfss", "hdfs", "viewfs", "dbfs", "ftp", "sftp", "r2"}
    | {"b2", "mlflow-artifacts"}
)
_PACKAGES = {"azureml": "azureml-mlflow", "arn": "sagemaker-mlflow"}
_NEEDS_SLASHES = "'://' belongs between scheme and host"
_ALIKE = 0.7

# Of two letters or more: one is a drive of Windows.
_SCHEMED = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]+)(?P<mark>:[/\\]*|[;/\\]{2,})(?P<rest>.*)"
)
_HOST = r"(?:[\w.\-]+|\[[0-9A-Fa-f:.%]+\])"
_PLACE = re.compile(rf"(?:[^/?#]*@)?(?P<host>{_HOST})(?::(?P<port>\d+))?(?:[/?].*)?")
# Which a name without a scheme is, rather than a folder.
_ADDRESS = re.compile(
    rf"(?:[^/@]+@{_HOST}|(?![.~]){_HOST}(?=:\d)|localhost|\d+(?:\.\d+){{3}})"
    r"(?::\d+)?(?:/.*)?"
)
# Which may be either.
_DOTTED = re.compile(r"[\w\-]+(?:\.[\w\-]+)+(?:/.*)?")
_PORT = re.compile(r":?(?P<port>\d{2,5})")
_DATABASE_FILE = re.compile(r".*\.(?:db|sqlite3?)")
_AROUND = " \t\r\n'\"`"
_USER = re.compile(r"^(?P<before>[A-Za-z][\w+.\-]*:?[/\\]+)?.*@")
_STEPS = 9


@dataclass(frozen=True)
class _Mistake:
    """What is wrong with a URI, and one that is nearer to a valid one."""

    problem: str
    form: str | None = None


def check(uri: str, where: str) -> None:
    """Refuse a URI that no MLflow can be at.

    Args:
        uri: A tracking or registry URI.
        where: Where it was given, for the message.

    Raises:
        ConfigError: It is none; the message gives the nearest that is, without credentials.
    """
    found = mistake(uri)
    if found is not None:
        raise ConfigError(f"{where} is {found}")


def mistake(uri: str) -> str | None:
    """Describe what is wrong with a URI, and what to write instead; None: it may be right.

    Nothing is contacted, and MLflow is not imported.

    Example:
        >>> mistake("127.0.0.1:5055")
        "'127.0.0.1:5055': the scheme is missing. Write 'http://127.0.0.1:5055'."
    """
    first = _mistake(uri)
    if first is None:
        return None
    form = nearest_form(uri)
    instead = f"'{_masked(form)}'" if form is not None else f"for example {_EXAMPLES}"
    return f"{_masked(uri)!r}: {first.problem}. Write {instead}."


def nearest_form(uri: str) -> str | None:
    """The URI that was probably meant; None: there is none near.

    Example:
        >>> nearest_form("postgres:/me@host/db"), nearest_form("s3://bucket")
        ('postgresql://me@host/db', None)
    """
    form: str | None = uri
    for _ in range(_STEPS):  # each takes one mistake away
        found = _mistake(form) if form is not None else None
        if found is None:
            return form
        form = found.form
    return None


def _mistake(uri: str) -> _Mistake | None:
    bare = uri.strip(_AROUND)
    if bare != uri:
        return _Mistake("it has spaces or quotes around it", bare or None)
    if uri in WORDS:
        return None
    parts = _SCHEMED.fullmatch(uri)
    if parts is None or (not parts["mark"].startswith(":") and _family(parts) not in _CHECKS):
        return _without_scheme(uri)
    return _with_scheme(uri, parts)


def _with_scheme(uri: str, parts: re.Match[str]) -> _Mistake | None:
    scheme, family, follows = parts["scheme"], _family(parts), uri[len(parts["scheme"]) :]
    if family in _CHECKS:
        if scheme != scheme.lower() and family not in _SERVERS:
            return _Mistake("the scheme needs small letters", f"{scheme.lower()}{follows}")
        return _CHECKS[family](scheme, parts["mark"], parts["rest"])
    known = scheme in _UNCHECKED or scheme in _registered()
    return None if known else _unknown(uri, family, scheme[len(family) :] + follows)


def _unknown(uri: str, family: str, follows: str) -> _Mistake:
    if _ADDRESS.fullmatch(uri):
        return _Mistake("the scheme is missing", f"http://{uri}")
    if family in _FOR_ARTIFACTS:
        return _Mistake(
            "that is a place for artifacts, as `experiment.artifact_location` is; runs need a "
            "server or a database"
        )
    if family in _PACKAGES:
        return _Mistake(f"that needs the package {_PACKAGES[family]}, which is not installed")
    near = difflib.get_close_matches(family, [*_CHECKS, *WORDS, *_registered()], n=1, cutoff=_ALIKE)
    meant = _OTHER_NAMES.get(family) or (near[0] if near else None)
    return _Mistake("MLflow knows no such scheme", f"{meant}{follows}" if meant else None)


def _without_scheme(uri: str) -> _Mistake | None:
    port = _PORT.fullmatch(uri)
    if port is not None:
        return _Mistake("it is a port alone", f"http://127.0.0.1:{port['port']}")
    if _DATABASE_FILE.fullmatch(uri):
        return _Mistake("the scheme is missing", f"sqlite:///{uri}")
    if uri.startswith(("://", "//")) or _ADDRESS.fullmatch(uri):
        return _Mistake("the scheme is missing", f"http://{uri.lstrip(':/')}")
    if _DOTTED.fullmatch(uri):
        folder = "" if _folder() else f" (a folder of that name is './{uri}')"
        return _Mistake(f"the scheme is missing{folder}", f"http://{uri}")
    near = difflib.get_close_matches(uri.lower(), WORDS[:1], n=1, cutoff=_ALIKE)
    if near:
        return _Mistake("MLflow does not know that word", near[0])
    return _folder()


def _server(scheme: str, mark: str, rest: str) -> _Mistake | None:
    if not rest:
        return _Mistake("the host is missing")
    if mark != "://":
        return _Mistake(_NEEDS_SLASHES, f"{scheme}://{rest.lstrip(' /')}")
    inner = _SCHEMED.fullmatch(rest)
    if inner is not None and "/" in inner["mark"] and _family(inner) in _SERVERS:
        return _Mistake("it has two schemes", rest)
    server, _, page = rest.partition("#")
    if page and "@" not in page:  # else it is in a password
        return _Mistake("that is a page of MLflow's UI", f"{scheme}://{server.rstrip('/')}")
    place = _PLACE.fullmatch(rest)
    if place is None or not 0 < int(place["port"] or 1) < 2**16:
        escaped = "; in a password / is %2F, ? is %3F and # is %23" if "@" in rest else ""
        return _Mistake(f"what follows '://' is no host, nor host:port{escaped}")
    return None


def _sqlite(scheme: str, mark: str, rest: str) -> _Mistake | None:
    slashes = len(mark) - 1
    if mark == "://" and not rest:  # a database in memory
        return None
    if slashes == 1 and "/" in rest:  # from the root of the file system
        slashes = 4
    right = f":{'/' * min(max(slashes, 3), 4)}"
    if mark != right:
        return _Mistake(
            "a SQLite file follows three slashes, and a fourth one if its path is absolute",
            f"{scheme}{right}{rest}",
        )
    return None


def _database(scheme: str, mark: str, rest: str) -> _Mistake | None:
    if mark in {"://", ":///"}:  # the latter: the host is in the options, or the default
        return None
    return _Mistake(_NEEDS_SLASHES, f"{scheme}://{rest}")


def _file(scheme: str, mark: str, rest: str) -> _Mistake | None:
    del scheme
    if _folder() is None and mark == "://" and not rest.startswith(("localhost", "127.0.0.1")):
        return _Mistake("the name after '//' would be a host", rest or None)
    return _folder()


def _folder() -> _Mistake | None:
    version = mlflow_version()
    if major_minor(version) < _WITHOUT_FOLDERS or environment.allows_file_store():
        return None
    return _Mistake(
        f"that is a folder, which MLflow {version} does not track to unless the environment has "
        "MLFLOW_ALLOW_FILE_STORE=true",
        _SQLITE,
    )


_CHECKS: dict[str, Callable[[str, str, str], _Mistake | None]] = {
    **dict.fromkeys(_SERVERS, _server),
    **dict.fromkeys(_DATABASES, _database),
    "sqlite": _sqlite,
    "file": _file,
}


def _family(parts: re.Match[str]) -> str:
    """The scheme in small letters, without the driver of a database."""
    scheme = parts["scheme"].lower()
    return str(scheme) if scheme.count("+") > 1 else str(scheme.partition("+")[0])


@functools.cache
def _registered() -> set[str]:
    """Schemes that packages bring to MLflow (https://mlflow.org/docs/latest/ml/plugins/)."""
    groups = ("mlflow.tracking_store", "mlflow.model_registry_store")
    return {item.name for group in groups for item in metadata.entry_points(group=group)}


def _masked(uri: str) -> str:
    """Mask credentials in what may be no URL, and so has them anywhere before an at sign."""
    if "@" in uri and not uri.lower().startswith("sqlite"):
        uri = _USER.sub(r"\g<before>***@", uri)
    return mask_urls(uri)
