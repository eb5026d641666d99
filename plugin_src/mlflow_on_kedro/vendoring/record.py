"""The record beside a copy of the plugin: its version, its origin, and what the copy was.

The hook that generates a project runs this module by its path, so it imports the standard library
only.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FILE = "mlflow_on_kedro.md"
"""The record's name, beside the copy."""
_TEXT = """\
# Where mlflow_on_kedro comes from

The folder `mlflow_on_kedro` beside this file is a copy of the plugin. It is used as it lies here;
nothing has to be installed for it.

- version: {version}
- copied from: {origin}
- digest: {digest}

`kedro mlflow upgrade` replaces it by a newer version, and `kedro mlflow unvendor` by the installed
package, which this line of requirements.txt installs:

    {requirement}

The import name stays `mlflow_on_kedro`, so nothing else changes.
"""
_LINE = re.compile(r"^- (version|copied from|digest): (.+)$", re.MULTILINE)
_REQUIREMENT = re.compile(r"^ {4}(mlflow-on-kedro\b.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Record:
    """What a record says.

    Attributes:
        version: The plugin's version.
        origin: Where the copy came from, for people.
        requirement: The line of requirements.txt that installs the plugin from there; "" in a
            record of version 0.1.0.
        digest: The :func:`digest` of the copy when it was made; "" in a record of version 0.1.0.
    """

    version: str
    origin: str
    requirement: str = ""
    digest: str = ""

    @classmethod
    def from_text(cls, text: str) -> Record:
        """Read a record; what it does not say is empty."""
        found = dict(_LINE.findall(text))
        line = _REQUIREMENT.search(text)
        return cls(
            found.get("version", ""),
            found.get("copied from", ""),
            line[1].strip() if line else "",
            found.get("digest", ""),
        )

    def to_text(self) -> str:
        """Return the content of the file."""
        return _TEXT.format(**vars(self))


def files(folder: Path) -> dict[str, bytes]:
    """Read a copy's files, by their paths; git may have changed the ends of their lines.

    Args:
        folder: The folder `mlflow_on_kedro`.
    """
    names = {path.relative_to(folder).parts: path for path in folder.rglob("*") if path.is_file()}
    return {
        "/".join(parts): path.read_bytes().replace(b"\r\n", b"\n")
        for parts, path in sorted(names.items())
        if not any(part == "__pycache__" or part.startswith(".") for part in parts)
    }


def digest(folder: Path) -> str:
    """Compute a digest of a copy's files.

    Args:
        folder: The folder `mlflow_on_kedro`.
    """
    found = hashlib.sha256()
    for name, content in files(folder).items():
        found.update(f"{name}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def version_of(folder: Path) -> str:
    """Read the version of a plugin, which is not imported: it may lack what it needs.

    Args:
        folder: The folder `mlflow_on_kedro`.

    Raises:
        ValueError: The folder has no such plugin.
    """
    text = (folder / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{folder} has no version of the plugin.")
    return found[1]
