"""The digest of a file on a server or in an object store, from its metadata, without a download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from .fingerprints import Fingerprint, sha256

SIZE = "size"
"""What a digest is computed from if the server gives nothing else."""

# Names of metadata in lower case. Those of times are used if there are none of contents.
_CONTENT_KEYS = frozenset(
    (
        *("checksum", "content-md5", "content_md5", "crc32c", "digest", "etag", "generation"),
        *("md5", "md5hash", "version_id", "versionid"),
    )
)
_TIME_KEYS = frozenset(
    (
        *("created", "last-modified", "last_modified", "lastmodified", "modified", "mtime"),
        "updated",
    )
)


def fingerprint(
    system: Any, path: str, partitions: Iterable[str] | None = None
) -> Fingerprint | None:
    """Return the digest of the metadata of a file, or of all files in a folder.

    Args:
        system: An fsspec file system.
        path: The file or folder there.
        partitions: Of a folder, the names of the files that were loaded; None: all.

    Returns:
        None if the file system raises an error.
    """
    try:
        info = system.info(path)
        if info.get("type") != "directory":
            return _of_metadata({"": info})
        found = system.find(path, detail=True)
    except Exception:  # each library has its own
        return None
    base = f"{info.get('name', path)}".rstrip("/")
    infos = {name.partition(f"{base}/")[2] or name: item for name, item in found.items()}
    if partitions is not None:
        wanted = set(partitions)
        infos = {name: item for name, item in infos.items() if _is_in(name, wanted)}
    return _of_metadata(infos)


def _is_in(name: str, partitions: set[str]) -> bool:
    # A partition with versions is a folder.
    return name in partitions or any(
        parent.as_posix() in partitions for parent in PurePosixPath(name).parents
    )


def _of_metadata(infos: Mapping[str, Mapping[str, Any]]) -> Fingerprint:
    rows: list[Any] = []
    names: dict[str, None] = {}
    for path, info in sorted(infos.items()):
        keys = _present(info, _CONTENT_KEYS) or _present(info, _TIME_KEYS)
        names.update(dict.fromkeys(keys))
        rows.append([path, info.get("size"), *(str(info[key]) for key in keys)])
    size = sum(int(info.get("size") or 0) for info in infos.values())
    return Fingerprint(sha256(rows), ", ".join([*names, SIZE]), size or None)


def _present(info: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    return sorted(key for key, value in info.items() if value and str(key).lower() in known)
