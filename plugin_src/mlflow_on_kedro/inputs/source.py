"""Where a dataset's data come from, in MLflow's terms and without credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import AbstractDataset, AbstractVersionedDataset
from kedro.io.core import get_filepath_str, get_protocol_and_path

from ..datasets.formats import AnyDataset
from ..datasets.local_files import local_path
from ..datasets.partitions import partition_names
from ..datasets.tracked import TrackedDataset
from ..utils import kedro_internals
from ..utils.secrets import looks_secret, mask_urls, without_credentials

MAX_LENGTH = 65_535
"""MLflow's limit for a source, in characters."""

_MAX_QUERY_LENGTH = 20_000
_S3 = {"s3", "s3a", "s3n"}
_HTTP = {"http", "https"}
# `abfss://container@account/…`: what is before the `@` is no user.
_AZURE = {"abfs", "abfss", "wasb", "wasbs"}
_TABLE_KEYS = ("table_name", "table")
_TABLE_PARTS = ("catalog", "database", "schema", "dataset")
# Of signed URLs, beside what `looks_secret` knows.
_SIGNATURE = re.compile(r"sig|auth|^x-|^se$|^sp$|access", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """Where data come from.

    Attributes:
        kind: MLflow's ``source_type``.
        content: What MLflow keeps of it as JSON; ``uri`` or ``url`` for a file.
        path: The local file or folder.
        remote: An fsspec file system and a path there.
        partitions: Of a folder, the names of what was loaded; None: all of it.
        in_memory: It lies in no place but in memory.
    """

    kind: str
    content: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    remote: tuple[Any, str] | None = None
    partitions: tuple[str, ...] | None = None
    in_memory: bool = False


def source_of(dataset: AnyDataset, data: Any, root: Path) -> Source:
    """Say where a dataset has just loaded its data from.

    Args:
        dataset: Any dataset, after it was loaded.
        data: What it gave.
        root: The project's root: the path of a file below it is relative to it, so that it is the
            same on every machine.
    """
    dataset = kedro_internals.unwrapped(dataset)
    if isinstance(dataset, TrackedDataset):
        return _of_tracked(dataset, data, root)
    described = kedro_internals.description_of(dataset)
    found = _of_query(dataset, described)
    if found is None:
        found = _of_file(dataset, described, data, root) or _of_url(described)
    return found or source_of_code(dataset)


def source_of_code(dataset: AnyDataset) -> Source:
    """The source of what comes from no place that is known: the kind of dataset that gave it."""
    in_memory = kedro_internals.is_in_memory(dataset)
    tags = {"kedro.dataset": type(dataset).__name__}
    return Source("code", {"tags": tags}, in_memory=in_memory)


def plain_url(url: str) -> str:
    """Leave credentials out of a URL, also those in what follows a question mark.

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
    """Leave everything but the place out of a database's URL.

    Example:
        >>> plain_database("postgresql://me:p/w@host:5432/wines?sslkey=x")
        'postgresql://host:5432/wines'
    """
    from sqlalchemy.engine import URL, make_url

    try:
        url = make_url(connection)
    except Exception:  # it is no URL, so nobody can tell what in it is a secret
        return ""
    place = URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return place.render_as_string()


def _is_secret(name: str) -> bool:
    return looks_secret(name) or bool(_SIGNATURE.search(name))


def _of_tracked(dataset: TrackedDataset, data: Any, root: Path) -> Source:
    origin = dataset.origin()
    if origin is None:
        return source_of_code(dataset)
    if isinstance(origin, AbstractDataset):
        return source_of(origin, data, root)
    content = {"uri": origin.uri or _from_root(origin.path or root, root)}
    if origin.tracking_uri is not None:
        content["tracking_uri"] = plain_url(origin.tracking_uri)
    if origin.asked_for is not None:
        content["asked_for"] = origin.asked_for
    if origin.model_id is not None:
        content["model_id"] = origin.model_id
    # MLflow can load `runs:/…` from a source of this kind, and its UI shows it.
    return Source("local", content, path=origin.path)


def _of_query(dataset: AnyDataset, described: Mapping[str, Any]) -> Source | None:
    content: dict[str, str] = {}
    if "sql" in described:
        query, file = _text(described["sql"]), _text(described.get("filepath"))
        content |= {"query": mask_urls(query)[:_MAX_QUERY_LENGTH]} if query else {}
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
        return Source("local", {"uri": _from_root(path, root)}, path, partitions=partitions)
    place = next(
        filter(
            None,
            (
                _text(described.get("filepath")),
                _text(described.get("path")),
                _text(kedro_internals.filepath_of(dataset)),
            ),
        ),
        None,
    )
    if place is None:
        return None
    protocol, plain = get_protocol_and_path(place)
    protocol = (
        _text(described.get("protocol"))
        or _text(kedro_internals.protocol_of(dataset))
        or (protocol)
    )
    if protocol in {"file", "local"}:  # a version that is not there
        return None
    plain = _versioned(dataset, plain)
    system = kedro_internals.filesystem_of(dataset)
    if protocol in _HTTP:
        url = get_filepath_str(PurePosixPath(plain), protocol)
        return Source("http", {"url": plain_url(url)}, remote=(system, url) if system else None)
    host = getattr(system, "host", None)  # of SFTP and HDFS; an object store's is in the path
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


def _from_root(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _text(value: Any) -> str | None:
    """Text that says something; Kedro's datasets write `None` as text."""
    text = str(value) if value is not None else ""
    return text if text not in {"", "None"} else None
