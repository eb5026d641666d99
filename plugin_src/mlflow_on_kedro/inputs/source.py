"""Where a dataset's data come from, in the form that MLflow stores, without credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractDataset, AbstractVersionedDataset
from kedro.io.core import get_filepath_str, get_protocol_and_path

from ..datasets.formats import AnyDataset
from ..datasets.local_files import local_path, unversioned_path
from ..datasets.partitions import partition_names
from ..datasets.tracked import TrackedDataset
from ..utils import kedro_internals
from ..utils.secrets import looks_secret, mask_secrets, without_credentials

MAX_LENGTH = 65_535
"""MLflow's limit for a source, in characters."""

_MAX_QUERY_LENGTH = 20_000
_S3 = {"s3", "s3a", "s3n"}
_HTTP = {"http", "https"}
# In `abfss://container@account/…` the part before the `@` is not a user.
_AZURE = {"abfs", "abfss", "wasb", "wasbs"}
_TABLE_KEYS = ("table_name", "table")
_TABLE_PARTS = ("catalog", "database", "schema", "dataset")
# The secret parameters of signed URLs that `looks_secret` does not know.
_SIGNATURE = re.compile(r"sig|auth|^x-|^se$|^sp$|access", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """Where data come from.

    Attributes:
        kind: MLflow's ``source_type``.
        content: What MLflow stores as JSON; ``uri`` or ``url`` for a file.
        path: The local file or folder.
        remote: An fsspec file system, and the path there.
        partitions: Of a folder, the names of the files that were loaded; None: all.
        in_memory: Whether the data are in memory only.
    """

    kind: str
    content: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    remote: tuple[Any, str] | None = None
    partitions: tuple[str, ...] | None = None
    in_memory: bool = False


def source_of(dataset: AnyDataset, data: Any, root: Path) -> Source:
    """Return the source from which a dataset has just loaded its data.

    Args:
        dataset: Any dataset, after it was loaded.
        data: The loaded data.
        root: The project's root. The path of a file in the project is relative to it, so that it
            is the same on every machine.
    """
    dataset = kedro_internals.unwrapped(dataset)
    if isinstance(dataset, TrackedDataset):
        return _of_tracked(dataset, data, root)
    described = kedro_internals.description_of(dataset)
    return (
        _of_query(dataset, described)
        or _of_file(dataset, described, data, root)
        or _of_url(described)
        or code_source(dataset)
    )


def place_of(dataset: AnyDataset, root: Path) -> str:
    """Return the file or table of a dataset that need not be loaded, without credentials.

    Args:
        dataset: Any dataset.
        root: The project's root, to which the path of a file in the project is relative.

    Returns:
        "" for a dataset that has neither.
    """
    dataset = kedro_internals.unwrapped(dataset)
    path = (
        dataset.unversioned_path()
        if isinstance(dataset, TrackedDataset)
        else unversioned_path(dataset)
    )
    if path is not None:
        return _relative(root / path, root)
    described = kedro_internals.description_of(dataset)
    query = _of_query(dataset, described)
    if query is not None:
        return query.content.get("table") or query.content.get("query_file") or "a query"
    found = _text(described.get("filepath")) or _text(kedro_internals.filepath_of(dataset))
    if found is None:
        return plain_url(_text(described.get("url")) or "")
    protocol = _text(kedro_internals.protocol_of(dataset))
    return plain_url(found if "://" in found or not protocol else f"{protocol}://{found}")


def code_source(dataset: AnyDataset) -> Source:
    """Return the source of data without a known location: the class of the dataset."""
    in_memory = kedro_internals.is_in_memory(dataset)
    tags = {"kedro.dataset": type(dataset).__name__}
    return Source("code", {"tags": tags}, in_memory=in_memory)


def plain_url(url: str) -> str:
    """Return a URL without its credentials, including those after the question mark.

    Example:
        >>> plain_url("https://me:pw@host/data.csv?version=3&sig=abc")
        'https://host/data.csv?version=3'
    """
    address, mark, query = url.partition("?")
    if address.partition("://")[0] not in _AZURE:
        address = without_credentials(address)
    kept = [item for item in query.split("&") if not _is_secret(item.partition("=")[0])]
    return f"{address}?{'&'.join(kept)}" if mark and any(kept) else address


def plain_database(connection: str) -> str:
    """Return the URL of a database with its location alone.

    Example:
        >>> plain_database("postgresql://me:p/w@host:5432/wines?sslkey=x")
        'postgresql://host:5432/wines'
    """
    from sqlalchemy.engine import URL, make_url

    try:
        url = make_url(connection)
    except Exception:  # not a URL: any part of it may be a secret
        return ""
    location = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return location.render_as_string()


def _is_secret(name: str) -> bool:
    return looks_secret(name) or bool(_SIGNATURE.search(name))


def _of_tracked(dataset: TrackedDataset, data: Any, root: Path) -> Source:
    location = dataset.value_location()
    if location is None:
        return code_source(dataset)
    if isinstance(location, AbstractDataset):
        return source_of(location, data, root)
    content = {"uri": location.uri or _relative(location.path or root, root)}
    if location.tracking_uri is not None:
        content["tracking_uri"] = plain_url(location.tracking_uri)
    if location.asked_for is not None:
        content["asked_for"] = location.asked_for
    if location.model_id is not None:
        content["model_id"] = location.model_id
    # MLflow can load `runs:/…` from a source of this kind, and its UI shows it.
    return Source("local", content, path=location.path)


def _of_query(dataset: AnyDataset, described: Mapping[str, Any]) -> Source | None:
    content: dict[str, str] = {}
    if "sql" in described:
        query, file = _text(described["sql"]), _text(described.get("filepath"))
        content |= {"query": mask_secrets(query)[:_MAX_QUERY_LENGTH]} if query else {}
        content |= {"query_file": plain_url(file)} if file else {}
    elif not any(_text(described.get(key)) for key in ("filepath", "path", "location")):
        table = next(filter(None, (_text(described.get(key)) for key in _TABLE_KEYS)), None)
        if table is not None:
            parts = [_text(described.get(key)) for key in _TABLE_PARTS]
            content["table"] = ".".join(part for part in (*parts, table) if part)
    if not content:
        return None
    connection = kedro_internals.connection_of(dataset) or described.get("url")
    if isinstance(connection, str):
        content["database"] = plain_database(connection.removeprefix("jdbc:"))
    elif isinstance(described.get("backend"), str):
        content["database"] = described["backend"]
    return Source("sql", content)


def _of_file(
    dataset: AnyDataset, described: Mapping[str, Any], data: Any, root: Path
) -> Source | None:
    partitions = partition_names(dataset, data)
    path = local_path(dataset, saving=False)
    if path is not None:
        path = path if path.is_absolute() else Path.cwd() / path
        return Source("local", {"uri": _relative(path, root)}, path, partitions=partitions)
    filepath = (
        _text(described.get("filepath"))
        or _text(described.get("path"))
        or _text(kedro_internals.filepath_of(dataset))
    )
    if filepath is None:
        return None
    protocol, plain = get_protocol_and_path(filepath)
    protocol = (
        _text(described.get("protocol")) or _text(kedro_internals.protocol_of(dataset)) or protocol
    )
    if protocol in {"file", "local"}:  # a version that does not exist
        return None
    plain = _versioned(dataset, plain)
    system = kedro_internals.filesystem_of(dataset)
    if protocol in _HTTP:
        url = get_filepath_str(PurePosixPath(plain), protocol)
        return Source("http", {"url": plain_url(url)}, remote=(system, url) if system else None)
    host = getattr(system, "host", None)  # for SFTP and HDFS; for object stores it is in the path
    uri = plain_url(f"{protocol}://{host if isinstance(host, str) else ''}{plain}")
    kind = "s3" if protocol in _S3 else protocol
    remote = (system, plain) if system else None
    return Source(kind, {"uri": uri}, remote=remote, partitions=partitions)


def _of_url(described: Mapping[str, Any]) -> Source | None:
    url = _text(described.get("url"))
    return Source("http", {"url": plain_url(url)}) if url and "://" in url else None


def _versioned(dataset: AnyDataset, path: str) -> str:
    version = (
        dataset.resolve_load_version() if isinstance(dataset, AbstractVersionedDataset) else None
    )
    return f"{path}/{version}/{PurePosixPath(path).name}" if version else path


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _text(value: Any) -> str | None:
    """Return a value as text; None for an empty text and for `None`, which some datasets write."""
    text = str(value) if value is not None else ""
    return text if text not in {"", "None"} else None
