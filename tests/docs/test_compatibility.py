"""The page on versions is what `make matrix` has recorded, and claims nothing else."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from manual import compatibility
from manual.versions import COMBINATIONS, GROUPS, NEWEST, oldest

from .pages import ROOT

BY_NAME = {each.name: each for each in COMBINATIONS}


def test_the_page_is_up_to_date() -> None:
    """The page shows what is recorded, no more and no less."""
    shown = compatibility.PAGE.read_text(encoding="utf-8")
    assert shown == compatibility.page(), "`make matrix` writes this page: do not edit its tables"


def test_what_is_recorded_was_asked_for() -> None:
    """Each recorded row has the Python and the libraries of its combination."""
    for name, row in compatibility.results().items():
        combination = BY_NAME[name]
        assert row["python"].startswith(f"{combination.python}."), name
        for library in combination.libraries:
            package, _, version = library.partition("==")
            if version and package in row:
                assert row[package].startswith(version.removesuffix("*")), (name, library)


def test_a_row_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who passes is recorded with the installed versions; all others are shown as not run."""
    page, results = tmp_path / "page.md", tmp_path / "results.json"
    page.write_text("# Versions\n\nAbout them.\n", encoding="utf-8")
    results.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(compatibility, "PAGE", page)
    monkeypatch.setattr(compatibility, "RESULTS", results)
    compatibility.record("kedro-1.0")
    compatibility.record("oldest-3.10")
    assert list(compatibility.results()) == ["oldest-3.10", "kedro-1.0"]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Versions\n\nAbout them.\n")
    assert text.count(f"| {metadata.version('mlflow')} |") == 2
    not_run = re.findall(r"^- `(\S+)`:", text, flags=re.MULTILINE)
    assert not_run == [name for name in BY_NAME if name not in compatibility.results()]


def test_every_bound_is_tested() -> None:
    """The oldest libraries are the lower bounds of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    pinned = dict(library.split("==") for library in oldest("3.10") if "==" in library)
    bounds = dict(re.findall(r'^    "([\w-]+)>=([\d.]+)",$', text, flags=re.MULTILINE))
    assert set(bounds) == set(NEWEST)
    for package, bound in bounds.items():
        assert pinned[package].startswith(bound), package


def test_names_are_unique() -> None:
    """Each combination has a session of its own, in a group that is run."""
    assert len(BY_NAME) == len(COMBINATIONS)
    assert {each.group for each in COMBINATIONS} == set(GROUPS)
