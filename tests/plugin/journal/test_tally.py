"""Counting what a run has logged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow_on_kedro.journal import tally as module
from mlflow_on_kedro.journal.entries import File, Metric, Model, Param, Tag, Text
from mlflow_on_kedro.journal.entry_lines import to_line
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.journal.state import CHILDREN
from mlflow_on_kedro.journal.tally import Tally
from mlflow_on_kedro.journal.writer import Writer


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal without entries."""
    return Journal.create(tmp_path / "journal", Header(new_id(), "wine", 0, str(tmp_path)))


def of(journal: Journal) -> Tally:
    """What is in a journal."""
    tally = Tally()
    tally.add_journal(journal, but="nobody")
    return tally


def test_each_name_counts_once(journal: Journal, tmp_path: Path) -> None:
    """Points, parameters and artifacts of all processes and child runs count by their names."""
    below = replace(journal.header, journal=new_id(), parent=journal.header.journal)
    child = Journal.create(journal.folder / CHILDREN, below)
    (tmp_path / "wine").mkdir()
    (tmp_path / "wine" / "MLmodel").write_text("flavors: {}")
    entries = [
        *(Metric('lo"ss', 0.5, 0, step) for step in range(3)),
        Metric("system/time/train", 1.5, 0),
        Metric("Duration of train", 1.5, 0),
        Param("depth", '{"kind": "param", "key": "x"}\n'),
        Tag("team", "wine"),
        Text("kedro/not_logged.json", "[]"),
        Text("notes/a.txt", "a"),
        Text("notes/b.txt", "b"),
        File(str(tmp_path / "wine"), "data"),
        Model(str(tmp_path / "wine"), "wine"),
    ]
    writers = [Writer(journal), Writer(journal), Writer(child)]
    for writer in writers:
        for entry in entries:
            writer.append(entry)
    found = of(journal)
    assert found.metrics == {'lo"ss', "system/time/train", "Duration of train"}
    words = "1 metric, 1 param, 3 artifacts, 1 model"
    assert found.in_words("Duration of ") == words

    tally = Tally()
    tally.add_journal(journal, but=writers[0].name)
    for entry in entries:
        tally.add(entry)
    assert tally == found


def test_nothing(journal: Journal) -> None:
    """A run without values has nothing to say."""
    assert of(journal).in_words() == ""


def test_a_journal_that_is_removed(journal: Journal) -> None:
    """What another process has just delivered does not disturb the end of the run."""
    journal.discard()
    assert of(journal).in_words() == ""


def test_very_many_values_are_not_read_whole(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run does not wait for counting."""
    monkeypatch.setattr(module, "_MOST_BYTES", 10 * len(to_line(Param("p10", "v"))))
    writer = Writer(journal)
    for number in range(10, 100):
        writer.append(Param(f"p{number}", "v"))
    assert of(journal).in_words() == "at least 10 params"
