"""How much waits, as numbers and in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow_on_kedro.delivery.pending import PendingSize
from mlflow_on_kedro.journal.entries import FILES, Param, Text
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.records import SetAside
from mlflow_on_kedro.journal.writer import Writer


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (PendingSize(), "only its end"),
        (PendingSize(999), "999 bytes of values"),
        (PendingSize(1000), "1 kB of values"),
        (PendingSize(0, 1, 500), "1 artifact (500 bytes)"),
        (PendingSize(12, 2, 1_500_000), "12 bytes of values and 2 artifacts (1.5 MB)"),
        (PendingSize(set_aside=1), "1 refused entry"),
        (PendingSize(0, 1, 5, 2), "1 artifact (5 bytes) and 2 refused entries"),
        (
            PendingSize(12, 1, 5, 2, 1),
            "12 bytes of values, 1 artifact (5 bytes) and 2 refused entries",
        ),
    ],
)
def test_in_words(size: PendingSize, words: str) -> None:
    """How much waits, for people."""
    assert size.in_words() == words


@pytest.mark.parametrize(
    ("size", "only", "refused"),
    [
        (PendingSize(), False, False),
        (PendingSize(set_aside=2), True, True),
        (PendingSize(set_aside=2, may_pass=1), True, False),
        (PendingSize(1, set_aside=2), False, False),
        (PendingSize(0, 1, 0, set_aside=2), False, False),
    ],
)
def test_nothing_but_refused(size: PendingSize, only: bool, refused: bool) -> None:
    """What was refused waits for somebody, what may pass does not."""
    assert (size.is_set_aside_only, size.is_refused_only) == (only, refused)


def test_of_a_journal(journal: Journal) -> None:
    """Each thing is counted once: values by what is not read yet, files by their copies."""
    write = Writer(journal)
    values = write.append(Param("p", "v"))
    for name in "ab":
        write.append(Text(f"{name}.txt", "xyz"))
    assert PendingSize.in_journal(journal, {}) == PendingSize(values, 2, 6)
    entry = journal.read({}, FILES, complete=True).entries[0]
    journal.set_aside = [SetAside(entry, "no", 5, 1, may_pass=True)]
    positions = {f"{write.name}.jsonl": values}
    size = PendingSize.in_journal(journal, positions)
    assert size == PendingSize(0, 1, 3, set_aside=1, may_pass=1)


def test_of_none(journal: Journal, tmp_path: Path) -> None:
    """Nothing waits of no journal, nor of one that was removed."""
    assert PendingSize.in_journal(None, {}) == PendingSize()
    assert PendingSize.in_journal(Journal(tmp_path / "no"), {}) == PendingSize()
    journal.discard()
    assert PendingSize.in_journal(journal, {}) == PendingSize()
