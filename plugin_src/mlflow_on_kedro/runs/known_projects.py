"""The projects of which this process has a context, for datasets that are used outside of a run.

In a notebook ``catalog.load`` gives a dataset neither context nor configuration. So the latest
context's MLflow is known here, by the project's root. A dataset of a pipeline's run never asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kedro.utils import find_kedro_project


class KnownProject(Protocol):
    """A project's MLflow where no pipeline runs: see ``context.mlflow``.

    Attributes:
        root: The project's root.
    """

    root: Path

    @property
    def uri(self) -> str:
        """The tracking URI."""

    @property
    def chosen(self) -> str | None:
        """The id of the run from which everything is loaded, if one was chosen."""

    def newest_with(self, name: str, is_in: Callable[[str], bool]) -> str | None:
        """Find the newest run that has a dataset."""


@dataclass
class Choice:
    """The run from which a notebook has chosen to load everything, if it has."""

    run_id: str | None = None


_choices: dict[tuple[Path, str | None], Choice] = {}
_known: dict[Path, KnownProject] = {}


def choice_of(root: Path, env: str | None) -> Choice:
    """What is chosen in a project and environment; all contexts of these share it."""
    return _choices.setdefault((root, env), Choice())


def remember(project: KnownProject) -> None:
    """Keep the MLflow of a project's latest context."""
    _known[project.root] = project


def of_dataset(root: Path | None, filepath: str | None) -> KnownProject | None:
    """The project of a dataset; None if this process has no context of it.

    Args:
        root: The project's root, if the dataset knows it.
        filepath: The dataset's file; Kedro has made it absolute if it comes from a catalog.
    """
    if not _known:
        return None
    if root is not None:
        return _known.get(root)
    for place, project in _known.items():
        if filepath is not None and Path(filepath).is_relative_to(place):
            return project
    here = find_kedro_project(Path.cwd())
    return _known.get(here.resolve()) if here is not None else None
