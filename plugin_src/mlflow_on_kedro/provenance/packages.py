"""``kedro/requirements.txt``: the installed packages, in the form that ``pip install -r`` takes."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..utils.secrets import without_package_credentials

# Names have no hyphen in these; what pip is about to remove begins with a tilde.
_NAME = r"(?P<name>[A-Za-z0-9][\w.]*)"
_DIST = re.compile(rf"{_NAME}-(?P<version>[^-]+)\.dist-info")
_EGG = re.compile(rf"{_NAME}(?:-(?P<version>[^-]+)(?:-py[\d.]+)?)?\.egg-info")
_NOT_INSTALLED = frozenset({"pip"})
"""What installs the others."""


def requirements_text(folders: Sequence[str] | None = None) -> str:
    """Write the installed packages: one a line, in the order of their names.

    What was installed from a version control system or an archive has its address (PEP 610),
    without credentials. What was installed from a local folder or file is a comment.

    Only the names of folders are read, and the few files that say where a package came from:
    ``importlib.metadata`` reads and parses the description of each, which takes 20 times as long.

    Args:
        folders: Where to look for packages. Default: ``sys.path``.
    """
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path if folders is None else folders):
        with suppress(OSError), os.scandir(folder or ".") as items:
            for item in items:
                for name, line in _described(item):
                    found.setdefault(_canonical(name), line)  # the first one is imported
    kept = [found[name] for name in sorted(found) if name not in _NOT_INSTALLED]
    return "".join(f"{line}\n" for line in kept)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _described(item: os.DirEntry[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of the package that an entry of a folder describes, and its line."""
    if dist := _DIST.fullmatch(item.name):
        name, version = dist["name"].replace("_", "-"), dist["version"].replace("_", "-")
        # What an interrupted installation has left has no description.
        if Path(item.path, "METADATA").exists():
            yield name, _line(name, version, _direct_url(item.path))
    elif egg := _EGG.fullmatch(item.name):
        name = egg["name"].replace("_", "-")
        if egg["version"]:
            yield name, _line(name, egg["version"].replace("_", "-"), None)
        else:  # of a source folder on the path, installed with `setup.py develop`
            yield name, f"# {name}: a local folder"


def _direct_url(folder: str) -> dict[str, Any] | None:
    with (
        suppress(OSError, ValueError),
        Path(folder, "direct_url.json").open(encoding="utf-8") as file,
    ):
        content = json.load(file)
        return content if isinstance(content, dict) else None
    return None


def _line(name: str, version: str, origin: dict[str, Any] | None) -> str:
    url = str(origin.get("url", "")) if origin else ""
    if origin is None or not url:
        return f"{name}=={version}"
    url = without_package_credentials(url)
    if url.startswith("file:"):
        kind = "editable" if (origin.get("dir_info") or {}).get("editable") else "local"
        return f"# {name}=={version} ({kind}: {url})"
    vcs = origin.get("vcs_info") or {}
    subfolder = f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    if vcs.get("vcs"):
        return f"{name} @ {vcs['vcs']}+{url}@{vcs.get('commit_id', '')}{subfolder}"
    return f"{name} @ {url}{subfolder}"
