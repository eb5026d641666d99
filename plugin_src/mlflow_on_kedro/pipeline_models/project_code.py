"""Which Python code goes into a pipeline model: what it imports and pip cannot install."""

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
class ModelCode:
    """The code of a model.

    Attributes:
        included: Folders of packages, and files of modules, that go into the model.
        imported: The top-level modules that this code imports and pip has to install.
    """

    included: tuple[Path, ...]
    imported: frozenset[str]


def needed_code(package: str | None, others: Iterable[str] = ()) -> ModelCode:
    """Find the code of a project's package, and the local modules that it imports.

    Modules that pip has installed become requirements instead, except the project itself, which may
    be installed, too. The plugin is included only if it lies in the project and the project's code
    imports it; settings.py does not count, because no model needs it.

    Args:
        package: The project's package; None: there is no project.
        others: Further top-level modules that are needed.
    """
    own = _installed_together(package) if package is not None else set()
    included: dict[str, Path] = {}
    imported: set[str] = set()
    queue = [*([package] if package is not None else []), *others]
    while queue:
        name = queue.pop()
        if name in included or name in imported or name in sys.stdlib_module_names:
            continue
        path = _module_path(name)
        if path is None or (_is_installed(path) and name not in own):
            imported.add(name)
            continue
        included[name] = path
        queue += sorted(_imports(path, is_project=name == package))
    return ModelCode(tuple(included.values()), frozenset(imported))


def _installed_together(package: str) -> set[str]:
    """Return the top-level modules of the distribution that has installed a project's package."""
    path = _module_path(package)
    if path is None or not _is_installed(path):
        return {package}
    found = metadata.packages_distributions()
    own = set(found.get(package, ()))
    return {package, *(name for name, owners in found.items() if own & set(owners))}


def _module_path(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.has_location else None


def _is_installed(path: Path) -> bool:
    paths = sysconfig.get_paths()
    folders = [Path(paths[kind]) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    return any(path.is_relative_to(folder) for folder in folders) or bool(
        {"site-packages", "dist-packages"} & set(path.parts)
    )


def _imports(path: Path, *, is_project: bool) -> set[str]:
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    skipped = path / _SETTINGS if is_project else None
    return {name for file in files if file != skipped for name in _imports_of_file(file)}


def _imports_of_file(file: Path) -> Iterator[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # Python cannot import such a file either
        return
    for item in ast.walk(tree):
        if isinstance(item, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in item.names)
        elif isinstance(item, ast.ImportFrom) and not item.level and item.module:
            yield item.module.partition(".")[0]
