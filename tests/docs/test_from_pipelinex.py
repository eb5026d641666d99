"""``docs/from-pipelinex.md`` speaks of every class and argument of PipelineX."""

from __future__ import annotations

import inspect
from typing import Any

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.compat.pipelinex.parameters_yml import _ARGUMENTS, _IN_PYTHON
from mlflow_on_kedro.config.sections import Config

from tests.peers.keeping import recorded, surface_of

from .pages import Page, code

PAGE = Page("from-pipelinex.md")
TAKES = recorded(surface_of("pipelinex"))


def _hooks() -> dict[str, list[list[str]]]:
    hooks: dict[str, list[list[str]]] = {}
    name = ""
    for row in PAGE.rows("Hook"):
        name = code(row[0])[0] if code(row[0]) else name
        hooks.setdefault(name, []).append(row[1:])
    return hooks


HOOKS = _hooks()


def test_every_class_is_named() -> None:
    """Each class is somewhere on the page, and in the plugin under the same name."""
    for name in TAKES:
        assert f"`{name}" in PAGE.text
        assert hasattr(mlflow_on_kedro, name)


def test_every_argument_of_the_dataset_has_a_row() -> None:
    """The table has PipelineX's arguments, all of which the class here takes."""
    rows = [name for row in PAGE.rows("`MLflowDataSet`") for name in code(row[0])]
    assert rows == TAKES["MLflowDataSet"]
    assert set(rows) <= set(inspect.signature(mlflow_on_kedro.MLflowDataSet).parameters)


def test_every_value_of_dataset_has_a_row() -> None:
    """Each value that PipelineX documents for ``dataset`` is there and accepted here."""
    files = ["json", "csv", "xls", "parquet", "png", "jpg", "jpeg", "img", "pkl", "txt", "yml"]
    named = [name for row in PAGE.rows("`dataset`") for name in code(row[0])]
    assert sorted(named) == sorted(["p", "m", "a", "yaml", *files])
    for name in named:
        mlflow_on_kedro.MLflowDataSet(dataset=name)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_of_a_hook_has_a_row(hook: str) -> None:
    """Each argument has a row, and names what the hook here takes."""
    rows = [code(row[0])[0] for row in HOOKS[hook]]
    assert [*rows, "enable_mlflow"] == TAKES[hook]
    assert _ARGUMENTS[hook].keys() | (_IN_PYTHON.keys() & set(rows)) == set(TAKES[hook])
    assert set(rows) <= set(inspect.signature(getattr(mlflow_on_kedro, hook)).parameters)


@pytest.mark.parametrize(
    "key", [code(row[1])[0] for rows in HOOKS.values() for row in rows if row[1]]
)
def test_every_key_is_one(key: str) -> None:
    """Each key of mlflow.yml that the page names is there."""
    value: Any = Config()
    for part in key.split("."):
        assert hasattr(value, part)
        value = getattr(value, part)
