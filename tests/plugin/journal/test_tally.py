"""Counting what a run has logged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow_on_kedro.journal import tally as module
from mlflow_on_kedro.journal.entries import File, Metric, Model, Param, Tag, Text
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.journal.state import CHILDREN
from mlflow_on_kedro.journal.tally import Tally
from mlflow_on_kedro.journal.writer import Writer


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal without entries."""
    return Journal.create(tmp_path / "journal", Header(new_id(), "wine", 0, str(tmp_path)))


def test_each_name_counts_once(journal: Journal, tmp_path: Path) -> None:
    """Points, parameters and artifacts of all processes and child runs count by their names."""
    below = replace(journal.header, journal=new_id(), parent=journal.header.journal)
    child = Journal.create(journal.folder / CHILDREN, below)
    (tmp_path / "wine").mkdir()
    (tmp_path / "wine" / "MLmodel").write_text("flavors: {}")
    for writer in (Writer(journal), Writer(journal), Writer(child)):
        for step in range(3):
            writer.append(Metric('lo"ss', 0.5, 0, step))
        writer.append(Metric("system/time/train", 1.5, 0))
        writer.append(Metric("Duration of train", 1.5, 0))
        writer.append(Param("depth", '{"kind": "param", "key": "x"}\n'))
        writer.append(Tag("team", "wine"))
        writer.append(Text("kedro/not_logged.json", "[]"))
        writer.append(Text("notes/a.txt", "a"))
        writer.append(Text("notes/b.txt", "b"))
        writer.append(File(str(tmp_path / "wine"), "data"))
        writer.append(Model(str(tmp_path / "wine"), "wine"))
    found = Tally.of_run(journal, "Duration of ")
    assert found.in_words() == "1 metric, 1 param, 3 artifacts, 1 model"


def test_nothing(journal: Journal) -> None:
    """A run without values has nothing to say."""
    assert Tally.of_run(journal).in_words() == ""


def test_a_journal_that_is_removed(journal: Journal) -> None:
    """What another process has just delivered does not disturb the end of the run."""
    journal.discard()
    assert Tally.of_run(journal).in_words() == ""


def test_very_many_values_are_not_read_whole(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run does not wait for counting."""
    monkeypatch.setattr(module, "_MOST_BYTES", 100)
    writer = Writer(journal)
    for number in range(100):
        writer.append(Param(f"p{number}", "v"))
    assert Tally.of_run(journal).in_words() == "at least 100 params"
