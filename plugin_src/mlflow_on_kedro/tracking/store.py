"""The store of runs that a tracking URI means: its client, its files, its folder for artifacts."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..mlflow_internals.logging_guard import kept_logging
from ..utils import client_variables, environment, run_variables
from ..utils.locks import locked
from ..utils.mlflow_version import major_minor, mlflow_version
from ..utils.secrets import mask_urls
from . import own_calls, ui_pages

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

WORKING_FOLDER = ".mlflow_on_kedro"
# Of two letters or more: one is a drive of Windows.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")
_FOR_ALL_PROCESSES = ("http://", "https://", "file:", "postgresql", "mysql", "mssql")
_OWN_ARTIFACTS = (3, 2)
"""The first MLflow whose clients send artifacts to their own server."""
_SQLITE = re.compile(r"^sqlite(\+\w+)?:///(?P<path>[^?]+)")


def working_folder(root: Path) -> Path:
    """Return the folder for the plugin's own files of a project: journals, notes, downloads.

    It lies in the project or, if ``MLFLOW_ON_KEDRO_HOME`` is set, in that folder under the
    project's name. A relative path starts at the project's root.

    Args:
        root: The project's root.
    """
    home = environment.home()
    if home is None:
        return root / WORKING_FOLDER
    return root / Path(home).expanduser() / (root.resolve().name or "project")


def in_sqlite_uri(folder: Path) -> str:
    """Escape a folder for a SQLite URI, as SQLAlchemy reads it."""
    # Options begin at a question mark.
    path = folder.as_posix()
    if (_decoded(path) == path and "?" not in path) or not _is_decoding():
        return path
    return path.replace("%", "%25").replace("?", "%3F")


def _decoded(path: str) -> str:
    return unquote(path) if "%" in path and _is_decoding() else path


@functools.cache
def _is_decoding() -> bool:
    """Whether SQLAlchemy decodes percent signs in the path of a SQLite file: it does since 2.1."""
    return major_minor(metadata.version("sqlalchemy")) >= (2, 1)


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a SQLite URI; None for any other URI and for a database in memory."""
    match = _SQLITE.match(uri)
    if match is None or match["path"] == ":memory:":
        return None
    return Path(_decoded(match["path"]))


def resolve_experiment(name: str | None, package: str | None) -> str:
    """Choose the experiment's name: the given one, ``MLFLOW_EXPERIMENT_NAME`` or the package."""
    return name or run_variables.experiment_name() or package or "Default"


def connect(uri: str) -> MlflowClient:
    """Make a client for a tracking URI, creating a SQLite store when it is missing.

    Two processes that open a new SQLite store at once corrupt it, so the first call to any SQLite
    store is made under a file lock.
    """
    client_variables.set_mlflow_defaults()
    path = sqlite_path(uri)
    if path is None:
        hide_retries()
        _make_registry(store_file=None)
        return _client(uri)
    import mlflow  # noqa: F401 - first, because its import sets the levels of its loggers anew

    hide_sql_messages()
    with locked(path.with_name(path.name + ".lock")):
        if not path.exists():
            logger.debug("Creating the MLflow store %s (once; it takes some seconds).", path)
        with _without_stray_folder(Path.cwd() / "mlruns"), kept_logging():
            client = _client(uri)
            client.search_experiments(max_results=1)
    _make_registry(store_file=path)
    return client


def hide_sql_messages() -> None:
    """Keep MLflow's messages on connection pools and tables out of the pipeline's log."""
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)


def _make_registry(store_file: Path | None) -> None:
    """Create the model registry's SQLite file under its lock, if it is another than the store's."""
    uri = environment.registry_uri()
    path = sqlite_path(uri) if uri else None
    if uri is not None and path is not None and path != store_file and not path.exists():
        connect(uri)


def prepare() -> None:
    """Import MLflow, which takes seconds; no server is contacted.

    Importing a submodule of MLflow while another thread is still importing MLflow fails. Python
    waits for the other thread only if the package itself is imported, as here.
    """
    client_variables.set_mlflow_defaults()
    import mlflow  # noqa: F401


def hide_retries() -> None:
    """Hide urllib3's warnings of retried requests; the plugin logs the final failure once."""
    logging.getLogger("urllib3.connectionpool").addFilter(_is_no_retry)


def is_remote(uri: str) -> bool:
    """Whether a store is a server, which may not answer, and not a file."""
    return sqlite_path(uri) is None and not uri.startswith("file:")


def is_for_all_processes(uri: str) -> bool:
    """Whether any process of this user can open a store with its URI and the environment alone.

    False for a database in memory, and for stores of a platform's own: their credentials may be
    known to this process only.

    Example:
        >>> is_for_all_processes("https://mlflow.example.com"), is_for_all_processes("databricks")
        (True, False)
    """
    return sqlite_path(uri) is not None or uri.startswith(_FOR_ALL_PROCESSES)


def _is_no_retry(record: logging.LogRecord) -> bool:
    """Whether a record is none of urllib3's warnings of a retried request to MLflow."""
    message = record.getMessage()
    return not (message.startswith("Retrying") and "/mlflow" in message)


def resolve_artifact_location(location: str | None, uri: str, name: str, root: Path) -> str | None:
    """Choose where a new experiment keeps its artifacts.

    MLflow fixes that when it creates the experiment, and for a SQLite store it would be a folder
    below the current directory. Here it is ``mlruns`` in the project's root.

    Args:
        location: ``experiment.artifact_location``; a relative path starts at ``root``.
        uri: The tracking URI.
        name: The experiment's name.
        root: The project's root.
    """
    if location:
        return location if _SCHEME.match(location) else (root / location).resolve().as_uri()
    if sqlite_path(uri) is None:
        return None
    folder = re.sub(r"[^\w\-]+", "_", name).strip("_") or "experiment"
    return (root / "mlruns" / folder).as_uri()


def make_local_folder(artifact_uri: str) -> None:
    """Make the folder of a run's artifacts, if they are on this machine.

    Then ``mlruns`` is not empty, and :func:`connect` does not remove it as MLflow's stray folder.
    """
    place = urlsplit(artifact_uri)
    if place.scheme == "file" and not place.netloc:
        with contextlib.suppress(OSError):
            Path(url2pathname(place.path)).mkdir(parents=True, exist_ok=True)


def artifacts_at(uri: str | None) -> contextlib.AbstractContextManager[None]:
    """In a block, make MLflow send a client's artifacts to the client's own server.

    Before MLflow 3.2 they go to the tracking URI of the process, which may be another one.

    Args:
        uri: The client's tracking URI; None: the process's.
    """
    from ..mlflow_internals import mlflow_globals

    old = major_minor(mlflow_version()) < _OWN_ARTIFACTS
    return mlflow_globals.tracking_uri(uri) if uri is not None and old else contextlib.nullcontext()


def run_url(uri: str, experiment: str, run_id: str) -> str | None:
    """Return the URL of a run's page on an HTTP server; None for other stores."""
    if not uri.startswith(("http://", "https://")):
        return None
    return mask_urls(uri).rstrip("/") + ui_pages.run_page(experiment, run_id)


def _client(uri: str) -> MlflowClient:
    """Make a client for the plugin's own calls, which always go to the store itself."""
    from mlflow import MlflowClient

    class OwnClient(MlflowClient):
        def __getattribute__(self, name: str) -> Any:
            found = super().__getattribute__(name)
            if name.startswith("_") or not callable(found):
                return found
            return own_calls.as_own(found)

    return OwnClient(tracking_uri=uri)


@contextlib.contextmanager
def _without_stray_folder(folder: Path) -> Iterator[None]:
    # MLflow makes its default artifact folder below the current directory whenever it opens a
    # SQLite store. The plugin keeps artifacts elsewhere, so that folder would stay empty.
    was_there = folder.exists()
    yield
    if not was_there:
        with contextlib.suppress(OSError):  # not empty, or already gone
            folder.rmdir()
