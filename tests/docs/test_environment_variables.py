"""The page on environment variables: complete, and as the code has it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from mlflow_on_kedro.utils import client_variables, environment

from .pages import ROOT, Page, code

PAGE = Page("environment-variables.md")
LISTED = set(re.findall(r"`(MLFLOW_\w+)`", PAGE.text))
OWN = "MLFLOW_ON_KEDRO_"


def variables() -> set[str]:
    """The names of the variables that the installed MLflow reads.

    MLflow marks those that only itself sets by an underscore: they are not for users.
    """
    from mlflow import environment_variables

    kind = environment_variables._EnvironmentVariable
    found = vars(environment_variables).items()
    return {
        item.name for name, item in found if isinstance(item, kind) and name.startswith("MLFLOW_")
    }


def test_all_are_decided_on() -> None:
    """Each variable that MLflow reads is on the page; one of a new release fails here by name."""
    missing = sorted(variables() - LISTED)
    assert not missing, f"docs/environment-variables.md does not say what these do: {missing}"


def test_the_plugins_own() -> None:
    """Each variable of the plugin's own is on the page, and no other."""
    sources = Path(environment.__file__).parent.rglob("*.py")
    read = {
        name
        for path in sources
        for name in re.findall(rf"{OWN}[A-Z]\w*", path.read_text(encoding="utf-8"))
    }
    rows = Page("environment-variables.md").text.partition("## What the plugin sets")[0]
    assert read == {name for name in re.findall(r"`(\w+)`", rows) if name.startswith(OWN)}


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of what the plugin sets has these variables, with these values."""
    monkeypatch.setattr(os, "environ", {})
    client_variables.set_mlflow_defaults()
    table = PAGE.text.partition("| Variable | Set to | Why |\n|---|---|---|\n")[2].partition("\n\n")
    rows = [[code(cell) for cell in row.split("|")[1:3]] for row in table[0].splitlines()]
    assert {names[0]: values[0] for names, values in rows} == os.environ


def test_keys_of_mlflow_yml() -> None:
    """Each key of mlflow.yml that the page names is one."""
    from dataclasses import asdict

    from mlflow_on_kedro.config.sections import Config

    settings = asdict(Config())
    named = set(re.findall(r"`(\w+)\.(\w+)`", PAGE.text))
    keys = {(section, key) for section, key in named if section in settings}
    assert keys
    assert [pair for pair in sorted(keys) if pair[1] not in settings[pair[0]]] == []


def test_it_is_found() -> None:
    """The README links to the page."""
    assert "](docs/environment-variables.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
