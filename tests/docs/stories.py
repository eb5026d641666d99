"""The projects that the pages show, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.peers import differences
from tests.peers.compare import Difference

from .pages import Page

INTRODUCTION = ""
"""What comes before the first heading: the nodes and parameters of all the page's projects."""


@dataclass(frozen=True)
class Story:
    """A project before and after.

    Attributes:
        name: What it is called in messages and files.
        page: The page that shows it.
        before: Sections whose files make up the project before.
        after: Those after.
        experiment: Where its run is.
        rows: What its models are to predict.
        differences: What differs by design.
    """

    name: str
    page: str
    before: Sequence[str]
    after: Sequence[str]
    experiment: str
    rows: Any
    differences: Sequence[Difference]

    def files(self, side: str) -> dict[str, str]:
        """The project's files; ``<package>`` stays."""
        sections = self.before if side == "before" else self.after
        return Page(self.page).files(side, INTRODUCTION, *sections)


def _pipelinex(
    name: str,
    after: Sequence[str],
    before: Sequence[str] = ("Catalog", "Hooks", "Hooks in settings.py"),
    differs: Sequence[Difference] = differences.PIPELINEX,
) -> Story:
    rows = [[2], [3]]
    return Story(name, "from-pipelinex.md", before, after, "experiment_001", rows, differs)


PIPELINEX = [
    _pipelinex("pipelinex", ("Catalog", "Hooks", "Hooks in settings.py")),
    _pipelinex(
        "pipelinex-catalog-in-python",
        ("Catalog in Python", "Hooks"),
        ("Catalog in Python", "Hooks"),
    ),
    _pipelinex("pipelinex-mlflow-yml", ("Catalog", "Hooks in mlflow.yml")),
    _pipelinex(
        "pipelinex-old-names",
        ("Catalog", "The old names", "Hooks in settings.py"),
        differs=differences.PIPELINEX_OLD_NAMES,
    ),
]
_SECTIONS = ("Installing", "mlflow.yml", "Artifacts", "Metrics", "Models")
KEDRO_MLFLOW = [
    Story(
        "kedro-mlflow",
        "from-kedro-mlflow.md",
        _SECTIONS,
        _SECTIONS,
        "demo",
        [{"x": 2}, {"x": 3}],
        differences.KEDRO_MLFLOW,
    ),
]
