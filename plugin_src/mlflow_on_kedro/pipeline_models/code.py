"""Which code a model has to carry: what its pipeline needs and pip has not installed."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_SETTINGS = "settings.py"


@dataclass(frozen=True)
class Code:
    """The code of a model.

    Attributes:
        carried: Folders of packages, and files of modules, that go into the model.
        imported: The top-level names that this code imports and that do not.
    """

    carried: tuple[Path, ...]
    imported: frozenset[str]


def needed_code(package: str | None, others: Iterable[str] = ()) -> Code:
    """Find a project's code, and that which it imports from beside it.

    What pip has installed goes into the requirements instead, but for the project itself, which
    may be installed, too. The plugin is carried only where the project's code imports it, and it
    lies in the project; the project's settings.py does not count, for no model needs it.

    Args:
        package: The project's package; None: there is no project.
        others: Further top-level modules that are needed.
    """
    own = _beside(package) if package is not None else set()
    carried: dict[str, Path] = {}
    imported: set[str] = set()
    waiting = [*([package] if package is not None else []), *others]
    while waiting:
        name = waiting.pop()
        if name in carried or name in imported or name in sys.stdlib_module_names:
            continue
        place = _place(name)
        if place is None or (_is_installed(place) and name not in own):
            imported.add(name)
            continue
        carried[name] = place
        waiting += sorted(_imports(place, settings=name == package))
    return Code(tuple(carried.values()), frozenset(imported))


def _beside(package: str) -> set[str]:
    """The names that were installed together with a project's package."""
    place = _place(package)
    if place is None or not _is_installed(place):
        return {package}
    found = metadata.packages_distributions()
    own = set(found.get(package, ()))
    return {package, *(name for name, owners in found.items() if own & set(owners))}


def _place(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.has_location else None


def _is_installed(place: Path) -> bool:
    paths = sysconfig.get_paths()
    folders = [Path(paths[kind]) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    return any(place.is_relative_to(folder) for folder in folders) or bool(
        {"site-packages", "dist-packages"} & set(place.parts)
    )


def _imports(place: Path, *, settings: bool) -> set[str]:
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    skipped = place / _SETTINGS if settings else None
    return {name for file in files if file != skipped for name in _imports_of(file)}


def _imports_of(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # a file that nothing imports
        return
    for item in ast.walk(tree):
        if isinstance(item, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in item.names)
        elif isinstance(item, ast.ImportFrom) and not item.level and item.module:
            yield item.module.partition(".")[0]
