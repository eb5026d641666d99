"""The projects that the pages show, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from mlflow_on_kedro.commands.migrating import (
    catalog_text,
    mlflow_yml_text,
    parameters_text,
    python_text,
)
from mlflow_on_kedro.compat.kedro_mlflow.mlflow_yml import translated

from tests.peers import differences
from tests.peers.compare import Difference

from .pages import Page, merged

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
        own_page: The page that shows it, if that is not the one that shows what was before.
    """

    name: str
    before: Before
    sections: Sequence[str]
    differences: Sequence[Difference]
    own_page: str | None = None

    @property
    def page(self) -> str:
        """The page that shows it."""
        return self.own_page or self.before.page

    def files(self) -> dict[str, str]:
        """The project's files; ``<package>`` stays."""
        return Page(self.page).files("after", INTRODUCTION, *self.sections)


SETTINGS = {
    "src/<package>/settings.py": """
from mlflow_on_kedro import mlflow_hooks

HOOKS = mlflow_hooks()
"""
}


class AsItIs(Story):
    """A project whose mlflow.yml, catalog and code stay as they were, but for their imports."""

    def files(self) -> dict[str, str]:
        """The files of before, with this plugin's hooks if it has no settings.py of its own."""
        files = {**SETTINGS, **self.before.files()}
        return {path: self.text(path, text) for path, text in files.items()}

    def text(self, path: str, text: str) -> str:
        """What becomes of a file."""
        if not path.endswith(".py"):
            return text
        found = python_text.rewritten(text.replace("<package>", "package_"))
        return found.text.replace("package_", "<package>")


class Migrated(AsItIs):
    """A project that `kedro mlflow migrate` has rewritten, with what the page shows."""

    def files(self) -> dict[str, str]:
        """The rewritten files, and those of the page's sections."""
        files = super().files()
        for path, text in Story.files(self).items():
            is_yaml = path.endswith(".yml")
            files[path] = merged(files[path], text) if is_yaml else text
        return files

    def text(self, path: str, text: str) -> str:
        """What the command makes of a file."""
        if path.endswith("catalog.yml"):
            return catalog_text.rewritten(text).text
        if path.endswith("mlflow.yml"):
            return mlflow_yml_text.rewritten(text, translated(yaml.safe_load(text)).content)
        return super().text(path, text)


_HOOKS = """\
HOOKS:
- {=: pipelinex.MLflowBasicLoggerHook, uri: "sqlite:///mlflow.db",
   experiment_name: experiment_001, artifact_location: ./mlruns/experiment_001, offset_hours: 0}
- {=: pipelinex.MLflowCatalogLoggerHook, auto: true}
- {=: pipelinex.MLflowArtifactsLoggerHook,
   filepaths_before_pipeline_run: [conf/base/parameters.yml],
   filepaths_after_pipeline_run: [info.log]}
- {=: pipelinex.MLflowEnvVarsLoggerHook, param_env_vars: [HOSTNAME], metric_env_vars: []}
- {=: pipelinex.MLflowTimeLoggerHook}
"""


class HooksInParameters(Migrated):
    """The same project with its hooks in parameters.yml, rewritten."""

    def files(self) -> dict[str, str]:
        """The rewritten files, with mlflow.yml."""
        files = {**super().files(), **SETTINGS}
        path = "conf/base/parameters.yml"
        found, content = parameters_text.rewritten(files[path] + _HOOKS)
        mlflow_yml = parameters_text.with_sections("", content)
        return {**files, path: found.text, "conf/base/mlflow.yml": mlflow_yml}


_PIPELINEX = "from-pipelinex.md"
_IN_YAML = Before(
    "pipelinex",
    "../tests/docs/pipelinex_project.md",
    ("Catalog", "Hooks", "Hooks in settings.py"),
    "experiment_001",
    [[2], [3]],
)
_IN_PYTHON = replace(
    _IN_YAML, name="pipelinex-catalog-in-python", sections=("Catalog in Python", "Hooks")
)
_DIFFER = differences.PIPELINEX
_OLD_NAMES = differences.PIPELINEX_OLD_NAMES
PIPELINEX = (
    Migrated("migrated from PipelineX", _IN_YAML, (), _DIFFER, _PIPELINEX),
    Migrated("migrated, with a catalog in Python", _IN_PYTHON, (), _DIFFER, _PIPELINEX),
    HooksInParameters(
        "migrated, with hooks in parameters.yml",
        _IN_YAML,
        (),
        (*_DIFFER, differences.TO_REPEAT),
        _PIPELINEX,
    ),
    Migrated("the old names", _IN_YAML, ("The old names",), _OLD_NAMES, _PIPELINEX),
)

_PAGE = "from-kedro-mlflow.md"
_ALL = Before(
    "kedro-mlflow",
    "../tests/docs/kedro_mlflow_project.md",
    ("mlflow.yml", "Artifacts", "Metrics", "Models"),
    "demo",
    [{"x": 2}, {"x": 3}],
)
_MODEL = replace(
    _ALL,
    name="kedro-mlflow-pipeline-as-a-model",
    sections=(
        *_ALL.sections[:-1],
        "Models in a local folder",
        "A pipeline as a model",
    ),
)
_FACTORY = (*differences.KEDRO_MLFLOW, differences.LOCAL_MODEL)
KEDRO_MLFLOW = (
    Migrated("migrated", _ALL, (), differences.KEDRO_MLFLOW, _PAGE),
    Migrated("migrated, with a factory of pipelines", _MODEL, (), _FACTORY, _PAGE),
    Migrated("a pipeline as a model", _MODEL, ("A pipeline as a model",), _FACTORY, _PAGE),
    AsItIs("as it is", _ALL, (), differences.KEDRO_MLFLOW, _PAGE),
    AsItIs("as it is, with a pipeline as a model", _MODEL, (), _FACTORY, _PAGE),
    Migrated("no more than that", _ALL, ("What is different",), (), _PAGE),
)
