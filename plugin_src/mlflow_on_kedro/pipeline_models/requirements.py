"""The requirements of a pipeline model: the project's own list, pinned to installed versions."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from ..utils.installation import DISTRIBUTION, requirement
from ..utils.secrets import without_package_credentials

FILE = "requirements.txt"
_FILE_OPTIONS = frozenset({"-r", "--requirement"})
_CONSTRAINT_OPTIONS = frozenset({"-c", "--constraint"})
_FILE_SUFFIXES = (".txt", ".in")
_COMMENT = re.compile(r"(^|\s)#.*$")
_ALWAYS = ("kedro", "mlflow", "cloudpickle")


def requirements(root: Path, imported: Iterable[str], own: Iterable[Path] = ()) -> list[str]:
    """List the requirements of a model.

    They come from the project's requirements.txt, or, if it has none, from the imports of its code.
    A pickled model may not load with another release of its library, so each is pinned to the
    version that is installed here. The plugin is left out unless the model's code imports it.

    Args:
        root: The project's root.
        imported: Top-level modules that the model's code imports, and pip has installed.
        own: requirements.txt of MLflow models that this model contains.
    """
    listed = root / FILE
    by_import = sorted(_distributions(set(imported)))
    names = set(map(canonicalize_name, by_import))
    lines = list(_lines(listed)) if listed.is_file() else by_import
    lines += [line for file in own if file.is_file() for line in _lines(file)]
    found: dict[str, str] = {}
    for line in [*lines, *_ALWAYS]:
        name, pinned = _pinned(line)
        if pinned and (name != DISTRIBUTION or name in names):
            found.setdefault(name, pinned)
    return list(found.values())


def requirement_files(given: str | Iterable[str]) -> list[str]:
    """Return the paths of requirements files that a user has named among requirements.

    Args:
        given: The path of a requirements file; or a list of requirements, of which each may name
            such a file.

    Example:
        >>> requirement_files(["pandas>=2", "conf/model.txt", "-r more.in"])
        ['conf/model.txt', 'more.in']
    """
    if isinstance(given, str):
        return [_file_of(given) or given]
    return [path for item in given if (path := _file_of(item))]


def expand_files(given: str | Iterable[str], root: Path) -> list[str]:
    """List requirements that a user has given, with files replaced by their content.

    Unlike those of the project they are not pinned. Credentials in URLs are removed, and so are
    hashes, because pip wants them for all requirements or for none.

    Args:
        given: As for :func:`requirement_files`.
        root: The folder to which paths are relative.

    Raises:
        OSError: A file cannot be read.
    """
    if isinstance(given, str):
        given = [f"-r {_file_of(given) or given}"]
    return list(_expanded(given, root, frozenset()))


def _file_of(item: str) -> str:
    option, value = _option(item.strip())
    if option in _FILE_OPTIONS:
        return value
    return item.strip() if item.strip().endswith(_FILE_SUFFIXES) else ""


def _option(line: str) -> tuple[str, str]:
    option, _, value = line.replace("=", " ", 1).partition(" ")
    return option, value.strip()


def _expanded(lines: Iterable[str], base: Path, within: frozenset[Path]) -> Iterator[str]:
    for raw in lines:
        line = _COMMENT.sub("", raw).split(" --hash", maxsplit=1)[0].strip()
        option, value = _option(line)
        path = _file_of(line)
        if option in _CONSTRAINT_OPTIONS:
            yield f"-c {base / value}"  # MLflow reads the file itself
        elif path:
            file = (base / path).resolve()
            if file not in within:
                text = file.read_text(encoding="utf-8-sig").replace("\\\n", " ")
                yield from _expanded(text.splitlines(), file.parent, within | {file})
        elif line:
            yield without_package_credentials(line)


def _distributions(imported: set[str]) -> set[str]:
    """Return the installed distributions that provide imported modules."""
    known = metadata.packages_distributions()
    found = {dist for name in imported for dist in known.get(name, ())}
    if sys.version_info < (3, 11) and not imported <= known.keys():
        # Before Python 3.11 it reads top_level.txt only, which scikit-learn does not have.
        for dist in metadata.distributions():
            top_level = {file.parts[0].removesuffix(".py") for file in dist.files or ()}
            if top_level & (imported - known.keys()):
                found.add(dist.metadata["Name"])
    return found


def _lines(file: Path) -> Iterator[str]:
    """Read requirements from a file and those that it includes; skip pip's other options."""
    for raw in file.read_text(encoding="utf-8-sig").splitlines():
        line = raw.split(" #", maxsplit=1)[0].split(" --hash", maxsplit=1)[0].strip(" \t\\")
        option, value = _option(line)
        if option in _FILE_OPTIONS:
            other = file.parent / value
            if other.is_file() and other != file:
                yield from _lines(other)
        elif line and not line.startswith(("#", "-", ".")):
            yield line


def _pinned(line: str) -> tuple[str, str]:
    """Return a requirement's canonical name, and its pinned text; "" if it does not apply here."""
    try:
        asked = Requirement(line)
    except InvalidRequirement:
        return line, without_package_credentials(line)
    name = canonicalize_name(asked.name)
    if asked.marker is not None and not asked.marker.evaluate():
        return name, ""
    if asked.url:
        return name, without_package_credentials(line)
    try:
        if name == DISTRIBUTION:
            return name, requirement(metadata.distribution(name))
        version = Version(metadata.version(asked.name)).public
    except metadata.PackageNotFoundError:
        return name, line
    extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
    return name, f"{asked.name}{extras}=={version}"
