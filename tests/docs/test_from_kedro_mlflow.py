"""``docs/from-kedro-mlflow.md`` leaves out no key, class, argument or command."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.cli import cli
from mlflow_on_kedro.compat.kedro_mlflow import mlflow_yml
from mlflow_on_kedro.config.model_entries import PipelineModel
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.notebook.context_mlflow import ContextMlflow

from tests.peers.keeping import recorded, surface_of

from .pages import Page, code

PAGE = Page("from-kedro-mlflow.md")
TAKES = recorded(surface_of("kedro-mlflow"))
KEYS = PAGE.rows("`mlflow.yml` before")
# Class -> the class here.
CLASSES = {
    "MlflowArtifactDataset": "MLflowDataset",
    "MlflowMetricDataset": "MLflowDataset",
    "MlflowMetricHistoryDataset": "MLflowDataset",
    "MlflowMetricsHistoryDataset": "MLflowDataset",
    "MlflowModelTrackingDataset": "MLflowModelDataset",
    "MlflowModelLocalFileSystemDataset": "MLflowModelDataset",
    "MlflowModelRegistryDataset": "MLflowModelDataset",
}


def test_every_key_has_a_row() -> None:
    """The table has all keys of kedro-mlflow's mlflow.yml."""
    assert sorted(code(row[0])[0] for row in KEYS) == TAKES["KedroMlflowConfig"]


@pytest.mark.parametrize("key", [key for row in KEYS for key in code(row[1])])
def test_every_key_of_ours_is_one(key: str) -> None:
    """Each key that the page gives instead is there."""
    value: Any = Config()
    for part in key.split("."):
        assert hasattr(value, part)
        value = getattr(value, part)


def test_messages_say_the_same() -> None:
    """A message about a key of kedro-mlflow's names what the page does, where both name one."""
    rows = {code(row[0])[0]: code(row[1]) for row in KEYS}
    same = {key for key in rows if rows[key] == [key]}
    for key in rows.keys() - same:
        (here,) = mlflow_yml.renamed(key, None).values()
        assert rows[key] == [] if here is None else here.startswith(rows[key][0])


@pytest.mark.parametrize("name", CLASSES)
def test_every_argument_has_a_row(name: str) -> None:
    """Each argument of a class has a row, and names what the class here takes."""
    rows = PAGE.rows(f"`{name}`")
    assert sorted(code(row[0])[0] for row in rows) == sorted(TAKES[name])
    ours = set(inspect.signature(getattr(mlflow_on_kedro, CLASSES[name])).parameters)
    assert {given for row in rows for given in code(row[1])} <= ours


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
