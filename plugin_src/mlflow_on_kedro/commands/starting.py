"""Start a command in a project, as Kedro does, also where Kedro itself refuses the project."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..errors import ConfigError


def start(project: Path, words: Sequence[str]) -> Any:
    """Set Kedro up for a project.

    Kedro refuses a project that another major version has made. `migrate` runs all the same,
    because it is what mends that.

    Args:
        project: The project's root.
        words: The command, such as ``mlflow`` and ``migrate``, and its options.

    Returns:
        Kedro's metadata of the project; for `migrate` in a project that Kedro refuses, the part of
        it that commands use.

    Raises:
        ConfigError: Kedro refuses the project, and the command is another one.
    """
    from kedro.framework.startup import bootstrap_project

    from .migrating.kedro_version import old_line

    try:
        return bootstrap_project(project)
    except (RuntimeError, ValueError):
        path = project / "pyproject.toml"
        text = path.read_text(encoding="utf-8-sig")
        line = old_line(text)
        if line is None:
            raise
    if list(words[:2]) != ["mlflow", "migrate"]:
        raise ConfigError(
            f"{path} has `{line}`, so Kedro runs no command in this project. "
            "`python -m mlflow_on_kedro.cli mlflow migrate` rewrites that line, too."
        )
    return _metadata(project, text)


def _metadata(project: Path, text: str) -> Any:
    """Do what Kedro's ``bootstrap_project`` does, without its check of the version."""
    from kedro.framework.project import configure_project

    from .migrating.kedro_version import value

    package = value(text, "package_name")
    source = (project / value(text, "source_dir", "src")).resolve()
    sys.path.insert(0, str(source))
    configure_project(package)
    return SimpleNamespace(project_path=project, source_dir=source, package_name=package)
