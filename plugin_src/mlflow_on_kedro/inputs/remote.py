"""The digest of a file on a server or in an object store, without a download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from .fingerprints import Fingerprint, sha256

SIZE = "size"
"""What a digest is made from where the server says nothing else."""

# Names in lower case: what tells one content from another, and else when it was written.
_OF_CONTENT = frozenset(
    (
        *("checksum", "content-md5", "content_md5", "crc32c", "digest", "etag", "generation"),
        *("md5", "md5hash", "version_id", "versionid"),
    )
)
_OF_TIME = frozenset(
    (
        *("created", "last-modified", "last_modified", "lastmodified", "modified", "mtime"),
        "updated",
    )
)


def fingerprint(
    system: Any, path: str, partitions: Iterable[str] | None = None
) -> Fingerprint | None:
    """Make a digest from what a file system says of a file, or of all files in a folder.

    Args:
        system: An fsspec file system.
        path: The file or folder there.
        partitions: Of a folder, the names of the files that count; None: all.

    Returns:
        None if the file system cannot be asked.
    """
    try:
        info = system.info(path)
        if info.get("type") != "directory":
            return _of({"": info})
        found = system.find(path, detail=True)
    except Exception:  # of whatever library is behind it
        return None
    base = f"{info.get('name', path)}".rstrip("/")
    infos = {name.partition(f"{base}/")[2] or name: item for name, item in found.items()}
    if partitions is not None:
        wanted = set(partitions)
        infos = {name: item for name, item in infos.items() if _is_in(name, wanted)}
    return _of(infos)


def _is_in(name: str, partitions: set[str]) -> bool:
    # A partition with versions is a folder.
    return name in partitions or any(
        parent.as_posix() in partitions for parent in PurePosixPath(name).parents
    )


def _of(infos: Mapping[str, Mapping[str, Any]]) -> Fingerprint:
    told: list[Any] = []
    names: dict[str, None] = {}
    for path, info in sorted(infos.items()):
        keys = _telling(info, _OF_CONTENT) or _telling(info, _OF_TIME)
        names.update(dict.fromkeys(keys))
        told.append([path, info.get("size"), *(str(info[key]) for key in keys)])
    size = sum(int(info.get("size") or 0) for info in infos.values())
    return Fingerprint(sha256(told), ", ".join([*names, SIZE]), size or None)


def _telling(info: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    return sorted(key for key, value in info.items() if value and str(key).lower() in known)
