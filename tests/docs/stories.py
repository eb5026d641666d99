"""The projects that the pages show, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.peers import differences
from tests.peers.compare import Difference

from .pages import Page

INTRODUCTION = ""
"""What comes before the first heading: the nodes and parameters of all the page's projects."""


@dataclass(frozen=True)
class Before:
    """A project before, under another plugin.

    Attributes:
        name: What it is called in messages and files.
        page: The page that shows it.
        sections: Those whose files make up the project.
        experiment: Where its run is.
        rows: What its models are to predict.
    """

    name: str
    page: str
    sections: Sequence[str]
    experiment: str
    rows: Any = field(hash=False)

    def files(self) -> dict[str, str]:
        """The project's files; ``<package>`` stays."""
        return Page(self.page).files("before", INTRODUCTION, *self.sections)


@dataclass(frozen=True)
class Story:
    """A project after, and what it was before.

    Attributes:
        name: What it is called in messages.
        before: What it was.
        sections: Those whose files make up the project.
        differences: What differs by design.
    """

    name: str
    before: Before
    sections: Sequence[str]
    differences: Sequence[Difference]

    def files(self) -> dict[str, str]:
        """The project's files; ``<package>`` stays."""
        return Page(self.before.page).files("after", INTRODUCTION, *self.sections)


class AsItIs(Story):
    """A project whose mlflow.yml, catalog and code stay as they were, but for their imports."""

    def files(self) -> dict[str, str]:
        """The files of before, with those of the sections after."""
        files = {**self.before.files(), **super().files()}
        compat = "mlflow_on_kedro.compat import pipeline_ml_factory"
        old = "kedro_mlflow.pipeline import pipeline_ml_factory"
        return {path: text.replace(old, compat) for path, text in files.items()}


_IN_YAML = Before(
    "pipelinex",
    "from-pipelinex.md",
    ("Catalog", "Hooks", "Hooks in settings.py"),
    "experiment_001",
    [[2], [3]],
)
_IN_PYTHON = replace(
    _IN_YAML, name="pipelinex-catalog-in-python", sections=("Catalog in Python", "Hooks")
)
_DIFFER = differences.PIPELINEX
PIPELINEX = (
    Story("the import's name changed", _IN_YAML, _IN_YAML.sections, _DIFFER),
    Story("a catalog in Python", _IN_PYTHON, _IN_PYTHON.sections, _DIFFER),
    Story("hooks in mlflow.yml", _IN_YAML, ("Catalog", "Hooks in mlflow.yml"), _DIFFER),
    Story(
        "the old names",
        _IN_YAML,
        ("Catalog", "The old names", "Hooks in settings.py"),
        differences.PIPELINEX_OLD_NAMES,
    ),
)

_ALL = Before(
    "kedro-mlflow",
    "from-kedro-mlflow.md",
    ("mlflow.yml", "Artifacts", "Metrics", "Models"),
    "demo",
    [{"x": 2}, {"x": 3}],
)
_HERE = ("Installing", *_ALL.sections)
_MODEL = replace(
    _ALL,
    name="kedro-mlflow-pipeline-as-a-model",
    sections=(
        *_ALL.sections[:-1],
        "Models in a local folder",
        "A pipeline as a model",
    ),
)
KEDRO_MLFLOW = (
    Story("all that kedro-mlflow does", _ALL, _HERE, differences.KEDRO_MLFLOW),
    Story(
        "a pipeline as a model",
        _MODEL,
        ("Installing", *_MODEL.sections),
        (*differences.KEDRO_MLFLOW, differences.LOCAL_MODEL),
    ),
    AsItIs("as it is", _ALL, ("Installing",), differences.KEDRO_MLFLOW),
    AsItIs(
        "as it is, with a pipeline as a model",
        _MODEL,
        ("Installing",),
        (*differences.KEDRO_MLFLOW, differences.LOCAL_MODEL),
    ),
    Story("no more than that", _ALL, (*_HERE, "Only what was logged before"), ()),
)
