"""Where a version of the plugin is taken from: the installed package, or what pip can install."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import MLflowOnKedroError
from ..provenance import git_state
from ..utils.installation import DISTRIBUTION, PACKAGE, folder_of, requirement
from ..utils.secrets import mask_secrets
from .record import Record, digest, version_of

CHANGELOG = "CHANGELOG.md"
_STARTER = f"{PACKAGE}_starter"
_LAST_LINES = 5
"""Of pip's output, how many lines a message shows."""


@dataclass(frozen=True)
class Source:
    """A version of the plugin that a project can copy.

    Attributes:
        folder: The plugin's folder.
        record: The record of a copy of it.
        changelog: Its CHANGELOG; "" if there is none.
        requires: What it requires, also for extras.
    """

    folder: Path
    record: Record
    changelog: str = ""
    requires: tuple[str, ...] = ()


def installed() -> Source:
    """Return the installed package.

    Raises:
        MLflowOnKedroError: The package is not installed.
    """
    try:
        found = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise MLflowOnKedroError(
            f"The package {DISTRIBUTION} is not installed. Install the version that you want, or "
            "give `--from` the starter's repository: a folder, or git+https://…."
        ) from None
    return _of_distribution(found)


def given(origin: str, folder: Path) -> Source:
    """Install what the user has named into a folder of its own, without what it needs.

    Args:
        origin: A folder, a wheel, or any requirement that pip takes, such as ``git+https://…``.
        folder: An empty folder.

    Raises:
        MLflowOnKedroError: It cannot be installed, or has no plugin in it.
    """
    command = _installer()
    if Path(origin).exists():  # pip takes a bare name for that of a package in the index
        origin = str(Path(origin).resolve())
    result = subprocess.run(
        [*command, "--no-deps", "--target", str(folder), origin],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines()[-_LAST_LINES:]
        raise MLflowOnKedroError(
            f"`{' '.join(command)} {mask_secrets(origin)}` failed:\n"
            + mask_secrets("\n".join(lines))
        )
    found = next(iter(metadata.distributions(name=DISTRIBUTION, path=[str(folder)])), None)
    if found is None:
        raise MLflowOnKedroError(f"{mask_secrets(origin)} does not have {DISTRIBUTION} in it.")
    return _of_distribution(found)


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is not None:
        return [uv, "pip", "install", "--python", sys.executable]
    raise MLflowOnKedroError("Neither pip nor uv is installed here. Install one of them.")


def _of_distribution(found: metadata.Distribution) -> Source:
    folder = folder_of(found)
    line = requirement(found)
    address = line.partition(" @ ")[2]
    origin = address or f"the installed package {DISTRIBUTION} {found.version}"
    commit = _commit(address)
    if commit:
        origin = f"{origin}, commit {commit}"
    record = Record(version_of(folder), origin, line, digest(folder))
    return Source(folder, record, _changelog(folder), tuple(found.requires or ()))


def _commit(address: str) -> str:
    """Return the commit of a clone that a version was installed from; "": it is none."""
    url = urlsplit(address)
    folder = Path(url2pathname(url.path))
    if url.scheme != "file" or not (folder / ".git").exists():
        return ""
    with contextlib.suppress(OSError):
        code, text, _ = git_state.run(folder, "rev-parse", "HEAD")
        return text.decode().strip() if code == 0 else ""
    return ""


def _changelog(plugin: Path) -> str:
    """Read the CHANGELOG beside a plugin: in the starter's package, or in the repository."""
    for path in (plugin.parent / _STARTER / CHANGELOG, plugin.parents[1] / CHANGELOG):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return ""


def sections_since(changelog: str, version: str) -> str:
    r"""Return the sections of a CHANGELOG above that of a version.

    Args:
        changelog: Its text, in the format of https://keepachangelog.com.
        version: The version whose section is the first to be left out. If it has no section, it is
            one of development, and the first section is all that may be new.

    Example:
        >>> text = "# Changelog\n## [0.3.0]\n- c\n## [0.2.0]\n- b\n## [0.1.0]\n- a\n"
        >>> sections_since(text, "0.1.0")
        '## [0.3.0]\n- c\n## [0.2.0]\n- b'
    """
    sections = re.split(r"^(?=## )", changelog, flags=re.MULTILINE)[1:]
    own = re.compile(rf"## \[?{re.escape(version)}\b")
    if not any(map(own.match, sections)):
        return "".join(sections[:1]).strip()
    newer = itertools.takewhile(lambda section: not own.match(section), sections)
    return "".join(newer).strip()
