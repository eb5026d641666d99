"""``docs/from-kedro-mlflow.md`` leaves out no key, class, argument or command."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import mlflow_on_kedro
import pytest
import yaml
from mlflow_on_kedro.cli import cli
from mlflow_on_kedro.commands.migrating import catalog_text, mlflow_yml_text
from mlflow_on_kedro.compat.kedro_mlflow import catalog_entries, mlflow_yml
from mlflow_on_kedro.config.model_entries import PipelineModel
from mlflow_on_kedro.notebook.context_mlflow import ContextMlflow

from tests.peers.keeping import recorded, surface_of

from .pages import Page, code

PAGE = Page("from-kedro-mlflow.md")
TAKES = recorded(surface_of("kedro-mlflow"))


def test_every_key_is_translated() -> None:
    """Each key of kedro-mlflow's mlflow.yml is in the table, or has the same name here."""
    same = set(TAKES["KedroMlflowConfig"]) - mlflow_yml.KEYS.keys()
    assert same == {"ui.host", "ui.port"}


def test_what_migrate_rewrites() -> None:
    """The diffs are what the command does."""
    both = [
        block.text.splitlines(keepends=True) for block in PAGE.blocks if block.language == "diff"
    ]
    for lines in both:
        before, after = (
            "".join(line[1:] for line in lines if line[0] in {" ", sign}) for sign in "-+"
        )
        if "catalog.yml" in before:
            assert catalog_text.rewritten(before).text == after
        else:
            content = mlflow_yml.translated(yaml.safe_load(before)).content
            found = mlflow_yml_text.rewritten(before, content, missing=mlflow_yml.DEFAULTS)
            assert found == after


@pytest.mark.parametrize("name", [name for name in TAKES if name.endswith("Dataset")])
def test_every_argument_is_translated(name: str) -> None:
    """Each argument of a class becomes what the class here takes, or goes."""
    entry = {argument: {} for argument in TAKES[name]}
    entry |= {"type": f"kedro_mlflow.io.{name}", "flavor": "mlflow.sklearn", "filepath": "x"}
    entry = {key: value for key, value in entry.items() if key in {"type", *TAKES[name]}}
    change = catalog_entries.translated("x", entry)
    assert change is not None
    cls = getattr(mlflow_on_kedro, change.entry.pop("type").rpartition(".")[2])
    assert change.entry.keys() <= set(inspect.signature(cls).parameters)


def test_every_argument_of_a_pipeline_as_a_model_has_a_row() -> None:
    """Each argument of ``pipeline_ml_factory`` has a row, and names keys that there are."""
    rows = PAGE.rows("`pipeline_ml_factory`")
    assert sorted(code(row[0])[0] for row in rows) == sorted(TAKES["pipeline_ml_factory"])
    keys = {item.name for item in fields(PipelineModel)}
    assert {key for row in rows for key in code(row[1])} <= keys


@pytest.mark.parametrize("name", ["init", "ui", "modelify"])
def test_every_option_has_a_row(name: str) -> None:
    """Each option of a command has a row, and names what the command here takes."""
    rows = PAGE.rows(f"`kedro mlflow {name}` before")
    assert [code(row[0])[0] for row in rows] == TAKES[name]
    group: Any = cli.commands["mlflow"]
    ours = {option for item in group.get_command(None, name).params for option in item.opts}
    assert {option for row in rows for option in code(row[1])} <= ours


def test_what_the_context_gives() -> None:
    """Each attribute of ``context.mlflow`` is there, and so was each key of before."""
    rows = PAGE.rows("`context.mlflow` before")
    given = [name for row in rows for name in code(row[1])]
    assert given
    assert [name for name in given if not hasattr(ContextMlflow, name)] == []
    keys = {name for row in rows for name in code(row[0]) if "._" not in name}
    assert keys - {"mlflow.yml"} <= set(TAKES["KedroMlflowConfig"])
