"""The files of a project in which another plugin may be named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...config.sections import SUFFIXES

_SKIPPED = frozenset(
    {"mlflow_on_kedro", "mlruns", "mlartifacts", "node_modules", "site-packages", "__pycache__"}
)
_SKIPPED_AT_ROOT = frozenset({"build", "data", "dist", "logs"})
_MAX_BYTES = 10_000_000


def conf_folders(root: Path, conf_source: str) -> list[Path]:
    """Return the folders with configuration: that of settings.py, and others of such a name."""
    own = root / conf_source
    others = (
        path
        for path in sorted(root.glob("conf*"))
        if not (own.is_relative_to(path) or path.is_relative_to(own))
    )
    return [path for path in (own, *others) if path.is_dir()]


def config_files(conf: Path, name: str) -> list[Path]:
    """Find the files that Kedro reads as ``catalog``, ``parameters`` or the like.

    Kedro's patterns are ``catalog*``, ``catalog*/**`` and ``**/catalog*`` in each environment.
    """
    return [
        path
        for path in sorted(conf.rglob("*"))
        if path.suffix in SUFFIXES
        and path.is_file()
        and (parts := path.relative_to(conf).parts[1:])
        and not any(part.startswith(".") for part in parts)
        and (parts[0].startswith(name) or parts[-1].startswith(name))
    ]


def other_files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Find all files of a project with one of the suffixes, but those of environments and data."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and (name not in _SKIPPED_AT_ROOT or Path(folder) != root)
            and not name.startswith(".")
            and not Path(folder, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in suffixes and path.is_file() and path.stat().st_size <= _MAX_BYTES:
                yield path


def requirement_files(root: Path) -> list[Path]:
    """Find the files that list requirements, one a line."""
    folders = (root, root / "src", root / "requirements")
    return [
        path
        for folder in folders
        for suffix in ("txt", "in")
        for path in sorted(folder.glob(f"*.{suffix}"))
        if path.name.startswith("requirements") or folder.name == "requirements"
    ]


def package_files(root: Path) -> list[Path]:
    """Find the files that list a package's requirements in quotes."""
    names = ("pyproject.toml", "setup.py", "src/pyproject.toml", "src/setup.py")
    return [root / name for name in names if (root / name).is_file()]
