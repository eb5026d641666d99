"""Entries: small records that travel, and their lines in a journal."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow_on_kedro.journal.entries import (
    FILES,
    VALUES,
    End,
    Entry,
    File,
    Input,
    Metric,
    Model,
    Param,
    Register,
    SpanRecord,
    Tag,
    Text,
)
from mlflow_on_kedro.journal.entry_lines import from_line, to_line

ENTRIES: list[Entry] = [
    Param("k", "v"),
    Metric("k", 1.0, 5, 2),
    Tag("k", "v"),
    Text("a/b.txt", "東京"),
    File("/a/b", "c"),
    Input("x", "abc", "local", "{}", "", "{}", "n"),
    Model("/a/m", "model", "{}"),
    Register("model"),
    End("FINISHED", 7),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries(entry: Entry) -> None:
    """An entry can be pickled, compared and put into a set, and never changes."""
    assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301
    assert len({entry, entry}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.__setattr__(dataclasses.fields(entry)[0].name, "other")


@pytest.mark.parametrize("entry", ENTRIES)
def test_lanes(entry: Entry) -> None:
    """Artifacts and models go one way, all else the other."""
    is_file = isinstance(entry, Text | File | Register)
    assert entry.lane == (FILES if is_file else VALUES)


@pytest.mark.parametrize(
    ("entry", "title"),
    [
        (Metric("loss", 1.0, 5), "metric 'loss'"),
        (Tag("t", "v"), "tag 't'"),
        (Text("a/b.txt", "x"), "artifact a/b.txt"),
        (File("/a/a.txt"), "artifact a.txt"),
        (Model("/a/m", "model"), "model 'model'"),
        (Register("model"), "registration of the model 'model'"),
        (Input("x", "abc", "local", "{}", "", "{}", "n"), "dataset 'x' as used"),
        (End("FINISHED", 7), "end"),
    ],
)
def test_titles(entry: Entry, title: str) -> None:
    """Each entry has a name for messages."""
    assert entry.title == title


def test_names_in_lines() -> None:
    """The names of the kinds on disk never change: a journal may be of an older version."""
    assert set(Entry.kinds) == {
        *("param", "metric", "tag", "input", "part", "unlogged", "end", "summary"),
        *("text", "page", "file", "pagefile", "model", "trace", "register", "loaded"),
        *("call", "tracenotes", "prompt"),
    }
    assert Entry.kinds["part"] is SpanRecord


def test_defaults() -> None:
    """A metric is at step 0, and a file goes to the top of the artifacts."""
    assert Metric("k", 1.0, 5).step == 0
    assert File("/a").folder == ""


INTEGERS = st.integers(-(2**63), 2**63 - 1)
ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))  # all planes
WITH_HALVES = st.text(st.characters(categories=["L", "Zl", "Cc", "Cs"]))


def is_damaged(line: bytes) -> bool:
    """Whether a line is refused, and with the one error that is expected of it."""
    try:
        from_line(line)
    except ValueError:
        return True
    return False


@given(
    st.one_of(
        st.builds(Param, ANY_TEXT, ANY_TEXT),
        st.builds(Metric, ANY_TEXT, st.floats(allow_infinity=False), INTEGERS, INTEGERS),
        st.builds(Tag, ANY_TEXT, ANY_TEXT),
        st.builds(Text, WITH_HALVES, WITH_HALVES),
        st.builds(File, WITH_HALVES, WITH_HALVES),
        st.builds(End, ANY_TEXT, INTEGERS),
    )
)
def test_a_line_holds_all_of_an_entry(entry: Entry) -> None:
    """Whatever an entry holds, its line is one line and gives the entry back."""
    line = to_line(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    back = from_line(line)
    assert type(back) is type(entry)
    assert repr(back) == repr(entry), "repr, because NaN equals nothing"


@pytest.mark.parametrize("kind", [Param, Tag])
def test_half_a_character(kind: type[Param | Tag]) -> None:
    """Half a character, which no store takes, is written out; the rest of the value stays."""
    assert from_line(to_line(kind("k\ud800", "v\ud800w"))) == kind("k\\ud800", "v\\ud800w")


@pytest.mark.parametrize("kind", [Param, Tag])
def test_nul(kind: type[Param | Tag]) -> None:
    """NUL, which PostgreSQL does not take, is written out; in the text of an artifact it stays."""
    assert from_line(to_line(kind("k\0", "v\0w"))) == kind("k\\x00", "v\\x00w")
    assert from_line(to_line(Text("a.txt", "v\0w"))) == Text("a.txt", "v\0w")


@given(st.binary())
def test_a_damaged_line_is_a_value_error(line: bytes) -> None:
    """Bytes that no entry was written with are refused with a ``ValueError`` and nothing else."""
    assert is_damaged(line)


@given(st.sampled_from(ENTRIES), st.data())
def test_a_cut_line_is_a_value_error(entry: Entry, data: Any) -> None:
    """A line that was cut off before its last brace is never taken for an entry."""
    line = to_line(entry)
    assert is_damaged(line[: data.draw(st.integers(0, len(line) - 2))])


METRIC: dict[str, Any] = {"kind": "metric", "key": "k", "value": 1.0, "timestamp": 5, "step": 0}


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "other"},
        {"kind": ["metric"]},
        {"kind": None},
        {"more": 1},
        {"key": 1},
        {"key": None},
        {"key": "\ud800"},
        {"value": "1.0"},
        {"value": True},
        {"value": math.inf},
        {"value": 10**400},
        {"timestamp": 1.5},
        {"timestamp": True},
        {"timestamp": 2**63},
        {"step": -(2**63) - 1},
    ],
    ids=str,
)
def test_what_no_store_takes_is_refused(changed: dict[str, Any]) -> None:
    """A line whose fields, types or sizes are wrong is damaged: no store would ever take it."""
    assert from_line(json.dumps(METRIC).encode()) == Metric("k", 1.0, 5)
    assert is_damaged(json.dumps({**METRIC, **changed}).encode())


@pytest.mark.parametrize("line", [b"[" * 100_000, b"[1]", b'"text"', b"null", b"\xff\xfe", b"{}"])
def test_no_object_is_refused(line: bytes) -> None:
    """A line that is no JSON object, or one too deep to read, is damaged."""
    assert is_damaged(line)


def test_a_missing_field_is_refused() -> None:
    """A line without one of the fields is damaged; no default is taken for it."""
    for name in METRIC:
        content = {key: value for key, value in METRIC.items() if key != name}
        assert is_damaged(json.dumps(content).encode())
