"""The page on mlflow.yml and its JSON schema are what the dataclasses say."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config

from manual import reference, schema

from .pages import ROOT, Page

SHIPPED = ROOT / "plugin_src" / "mlflow_on_kedro" / "mlflow.yml"
VALIDATOR = Draft7Validator(schema.schema())
STALE = "run `make reference`"


def mistakes(content: Any) -> list[str]:
    """What the schema finds wrong."""
    return [error.message for error in VALIDATOR.iter_errors(content)]


def test_the_page_is_up_to_date() -> None:
    """The page has every key with its type, default and description."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), STALE


def test_the_defaults_are_shown() -> None:
    """The page shows all keys as a file, which is read as the defaults."""
    shown = yaml.safe_load(reference.defaults())
    assert shown == asdict(Config())
    assert parse(shown) == Config()


def test_the_schema_is_up_to_date() -> None:
    """The file in the plugin has the schema that the dataclasses give."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.text(), STALE
    Draft7Validator.check_schema(json.loads(schema.PATH.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "content",
    [
        yaml.safe_load(SHIPPED.read_text(encoding="utf-8")),
        asdict(Config()),
        {"tracking": None, "run": {"name": 7, "tags": None}},
        {"tracking": {"timeout": "${globals:timeout}"}, "time": {"gantt": "${globals:draw}"}},
        {"catalog": {"parameters": "${runtime_params:how}"}},
    ],
    ids=["shipped", "defaults", "empty keys", "interpolations", "an interpolated word"],
)
def test_what_the_schema_takes(content: Any) -> None:
    """What the plugin reads is valid."""
    assert mistakes(content) == []


def test_what_the_pages_show_is_valid() -> None:
    """Each mlflow.yml of the manual is valid."""
    shown = [
        yaml.safe_load(block.text)
        for path in (ROOT / "docs").glob("*.md")
        for block in Page(path.name).blocks
        if block.path == "conf/base/mlflow.yml" and block.side != "before"
    ]
    assert len(shown) >= 5
    assert [mistake for content in shown for mistake in mistakes(content)] == []


@pytest.mark.parametrize(
    "content",
    [
        {"trackin": {}},
        {"tracking": {"url": "x"}},
        {"tracking": {"mode": "sometimes"}},
        {"tracking": {"timeout": -1}},
        {"time": {"gantt": "perhaps"}},
        {"artifacts": {"after_node_run": "model"}},
        {"pipeline_models": {"wine": {"inferenc": "predict"}}},
    ],
)
def test_what_the_schema_refuses(content: Any) -> None:
    """Unknown keys, wrong words, types and numbers are marked."""
    assert len(mistakes(content)) == 1


def test_the_shipped_file_names_the_schema() -> None:
    """From conf/base of a generated project, the first line leads to the schema in the copy."""
    first = SHIPPED.read_text(encoding="utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=\.\./\.\./src/(\S+)", first)
    assert named is not None
    assert ROOT / "plugin_src" / named[1] == schema.PATH
