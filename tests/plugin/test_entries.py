"""Entries: small records that travel."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
from mlflow_on_kedro.entries import Entry, File, Metric, Param, Tag, Text

ENTRIES: list[Entry] = [
    Param("k", "v"),
    Metric("k", 1.0, 5, 2),
    Tag("k", "v"),
    Text("a/b.txt", "東京"),
    File("/a/b", "c"),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries(entry: Entry) -> None:
    """An entry can be pickled, compared and put into a set, and never changes."""
    assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301
    assert len({entry, entry}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.__setattr__(dataclasses.fields(entry)[0].name, "other")


def test_defaults() -> None:
    """A metric is at step 0, and a file goes to the top of the artifacts."""
    assert Metric("k", 1.0, 5).step == 0
    assert File("/a").folder == ""
