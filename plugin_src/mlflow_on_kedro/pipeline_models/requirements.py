"""What pip has to install for a model: the project's own list, each at the version that is here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..secrets import without_credentials

FILE = "requirements.txt"
PLUGIN = "mlflow-on-kedro"
_ALWAYS = ("kedro", "mlflow", "cloudpickle")


def requirements(root: Path, imported: Iterable[str], own: Iterable[Path] = ()) -> list[str]:
    """List the requirements of a model.

    They come from the project's requirements.txt, or where it has none from what its code imports.
    A pickled model may not load with another release of its library, so each is pinned to the
    version that is installed here. The plugin is left out unless the carried code imports it.

    Args:
        root: The project's root.
        imported: Top-level names that the model's code imports, and pip has installed.
        own: requirements.txt of MLflow models that are part of this one.
    """
    listed = root / FILE
    by_import = sorted(_distributions(set(imported)))
    names = set(map(canonicalize_name, by_import))
    lines = list(_lines(listed)) if listed.is_file() else by_import
    lines += [line for file in own if file.is_file() for line in _lines(file)]
    found: dict[str, str] = {}
    for line in [*lines, *_ALWAYS]:
        name, pinned = _pinned(line)
        if pinned and (name != PLUGIN or name in names):
            found.setdefault(name, pinned)
    return list(found.values())


def _distributions(imported: set[str]) -> set[str]:
    """Name what is installed of what code imports."""
    known = metadata.packages_distributions()
    found = {dist for name in imported for dist in known.get(name, ())}
    if sys.version_info < (3, 11) and not imported <= known.keys():
        # It knows those that have a top_level.txt alone, and scikit-learn has none.
        for dist in metadata.distributions():
            top_level = {file.parts[0].removesuffix(".py") for file in dist.files or ()}
            if top_level & (imported - known.keys()):
                found.add(dist.metadata["Name"])
    return found


def _lines(file: Path) -> Iterator[str]:
    """Requirements of a file and of those that it refers to; pip's other options are left out."""
    for raw in file.read_text(encoding="utf-8-sig").splitlines():
        line = raw.split(" #", maxsplit=1)[0].split(" --hash", maxsplit=1)[0].strip(" \t\\")
        option, _, value = line.replace("=", " ", 1).partition(" ")
        if option in {"-r", "--requirement"}:
            other = file.parent / value.strip()
            if other.is_file() and other != file:
                yield from _lines(other)
        elif line and not line.startswith(("#", "-", ".")):
            yield line


def _pinned(line: str) -> tuple[str, str]:
    """The canonical name of a requirement, and the requirement as the model needs it."""
    try:
        asked = Requirement(line)
    except InvalidRequirement:
        return line, without_credentials(line)
    name = canonicalize_name(asked.name)
    if asked.marker is not None and not asked.marker.evaluate():
        return name, ""
    if asked.url:
        return name, without_credentials(line)
    try:
        version = Version(metadata.version(asked.name)).public
    except metadata.PackageNotFoundError:
        return name, line
    extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
    return name, f"{asked.name}{extras}=={version}"
