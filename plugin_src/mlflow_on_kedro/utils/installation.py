"""Which copy of this plugin is imported: one in the project's src/, or the installed package."""

from __future__ import annotations

import functools
import importlib
import json
import logging
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .secrets import without_package_credentials

PACKAGE = __name__.partition(".")[0]
logger = logging.getLogger(__name__)

DISTRIBUTION = "mlflow-on-kedro"


@dataclass(frozen=True)
class Installation:
    """The plugin as it is imported in this process.

    Attributes:
        folder: The package's folder.
        version: The package's version.
        is_installed: Whether the folder is that of the installed package.
        other: The version of the installed package, if that is not the imported one.
    """

    folder: Path
    version: str
    is_installed: bool = False
    other: str | None = None

    def in_words(self, root: Path) -> str:
        """Return version and location, without paths that are specific to this machine.

        Example:
            >>> Installation(Path("/p/src/x"), "0.1.0").in_words(Path("/p"))
            '0.1.0 (src/x)'
        """
        location = "installed" if self.is_installed else "outside of the project"
        if self.folder.is_relative_to(root):
            location = self.folder.relative_to(root).as_posix()
        return f"{self.version} ({location})"


@functools.cache
def present() -> Installation:
    """Return the copy that this process has imported."""
    folder = Path(__file__).parents[1].resolve()
    version = str(importlib.import_module(PACKAGE).__version__)
    try:
        found = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return Installation(folder, version)
    if _holds(found, folder):
        return Installation(folder, version, is_installed=True)
    return Installation(folder, version, other=found.version)


def _holds(installed: metadata.Distribution, folder: Path) -> bool:
    """Whether a folder is that of an installed package, or of an editable installation."""
    return folder_of(installed).resolve() == folder


def folder_of(installed: metadata.Distribution) -> Path:
    """Return the folder of the installed package, also of an editable installation."""
    folder = Path(str(installed.locate_file(PACKAGE)))
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if folder.is_dir() or not origin.get("dir_info", {}).get("editable"):
        return folder
    root = Path(url2pathname(urlsplit(origin["url"]).path))
    folders = (root / source / PACKAGE for source in ("plugin_src", ""))
    return next((found for found in folders if found.is_dir()), folder)


def requirement(package: metadata.Distribution) -> str:
    """Return the requirement that installs the package again from where it was installed from.

    Where that was no index, pip has written it down:
    https://packaging.python.org/en/latest/specifications/direct-url/

    Args:
        package: The installed package.

    Returns:
        A line for requirements.txt, without credentials.
    """
    origin = json.loads(package.read_text("direct_url.json") or "{}")
    if not origin:
        return f"{DISTRIBUTION}=={package.version}"
    url = without_package_credentials(origin["url"])
    vcs = origin.get("vcs_info")
    if vcs:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    folder = origin.get("subdirectory")
    return f"{DISTRIBUTION} @ {url}" + (f"#subdirectory={folder}" if folder else "")


def own_requirement() -> str | None:
    """Return the requirement that installs the plugin that this process uses.

    Returns:
        None if this process uses a copy, or another folder that is not installed.
    """
    return requirement(metadata.distribution(DISTRIBUTION)) if present().is_installed else None


def shareable_requirement() -> str | None:
    """Return the requirement that installs this plugin on other machines, too.

    Returns:
        None if this process uses a copy, or a package that was installed from a file or a folder.
    """
    line = own_requirement()
    return None if line is None or "file:" in line else line


@functools.cache
def warn_of_another() -> None:
    """Warn, once in a process, that a copy hides an installed package of another version."""
    found = present()
    if found.other not in {None, found.version}:
        logger.warning(
            "mlflow_on_kedro %s in %s is used, and not %s, which is installed. Remove that folder "
            "to use the installed one, or `pip uninstall %s` to be rid of it.",
            found.version,
            found.folder,
            found.other,
            DISTRIBUTION,
        )
