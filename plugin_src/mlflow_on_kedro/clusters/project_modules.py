"""The code that a cluster's workers need: the project's modules and this plugin."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path


def project_modules(package: str | None) -> list[Path]:
    """Return the modules of the project's source folder, and this plugin: folders and files.

    Args:
        package: The project's package; None outside of a project.
    """
    found = {Path(__file__).parents[1]}
    spec = importlib.util.find_spec(package) if package else None
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent
        if str(folder.parent) in {sysconfig.get_path(key) for key in ("purelib", "platlib")}:
            found.add(folder)
        else:
            found.update(path for path in folder.parent.iterdir() if _is_module(path))
    return sorted(found)


def _is_module(path: Path) -> bool:
    return path.suffix == ".py" or (path / "__init__.py").is_file()
