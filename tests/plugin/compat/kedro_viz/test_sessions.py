"""Sessions of Kedro-Viz, read from its stores."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from mlflow_on_kedro.compat.kedro_viz import discovery, sessions
from mlflow_on_kedro.compat.kedro_viz.sessions import Session, find_stores, read_sessions
from mlflow_on_kedro.compat.kedro_viz.tracked_files import TrackedFiles

from .old_sessions import FIRST, FIRST_MS, SECOND, make_store, record, save


def test_read(tmp_path: Path) -> None:
    """A session has Kedro's record, and what the user has written about it."""
    file = make_store(tmp_path / "a.db", record(FIRST), details={FIRST: ("best", "why", True)})
    before = file.read_bytes()
    (session,), problems = read_sessions(file)
    assert problems == []
    assert session == Session(FIRST, record(FIRST), "best", "why", bookmark=True)
    assert (session.start_ms, session.name, session.is_marked) == (FIRST_MS, "best", True)
    assert file.read_bytes() == before


def test_the_first_schema(tmp_path: Path) -> None:
    """The first versions had no table of user's details."""
    file = make_store(tmp_path / "a.db", record(FIRST))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TABLE user_run_details")
    (session,), _ = read_sessions(file)
    assert (session.name, session.is_marked) == (FIRST, False)


def test_damaged(tmp_path: Path) -> None:
    """What is damaged is said, one line each, and the rest is read."""
    file = make_store(
        tmp_path / "a.db", record(FIRST), record("../../etc"), record("2023-13-02T18.30.20.123Z")
    )
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO runs VALUES (?, ?)", (SECOND, '"{"'))
        connection.execute("INSERT INTO runs VALUES (?, NULL)", ("x",))
    found, problems = read_sessions(file)
    assert [session.id for session in found] == [FIRST, SECOND]
    assert [problem.count("\n") for problem in problems] == [0] * 4
    broken = tmp_path / "session_store.db"
    broken.write_bytes(b"no database " * 100)
    (problem,) = read_sessions(broken)[1]
    assert "cannot be read as a session store: file is not a database." in problem


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        (PurePosixPath("/a b/x.db"), "file:///a%20b/x.db?mode=ro"),
        (PureWindowsPath("C:/a/x.db"), "file:///C:/a/x.db?mode=ro"),
        (PureWindowsPath("//server/share/x.db"), "file:////server/share/x.db?mode=ro"),
    ],
)
def test_the_uri_of_a_store(file: PurePath, uri: str) -> None:
    """SQLite refuses one with a host, which a network drive of Windows has."""
    assert sessions._read_only(file) == uri


def test_find_stores(tmp_path: Path) -> None:
    """In a folder, stores have any names; other databases are none, also with a table `runs`."""
    one = make_store(tmp_path / "session_store.db")
    two = make_store(tmp_path / "maria.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("CREATE TABLE runs (run_uuid VARCHAR)")
    (tmp_path / "text.db").write_text("x")
    assert find_stores([tmp_path, one, tmp_path / "none"]) == [two.resolve(), one.resolve()]


def test_all_sessions(tmp_path: Path) -> None:
    """Sessions of several stores and of files alone are put together, the oldest first."""
    title = {FIRST: ("best", "", False)}
    make_store(tmp_path / "a.db", record(FIRST))
    make_store(tmp_path / "b.db", record(FIRST), details=title)
    save(tmp_path / "m.json", "2021-01-01T00.00.00.000Z", {})
    files = [TrackedFiles("m", tmp_path / "m.json")]
    found, problems = discovery.sessions([tmp_path, tmp_path / "m.json"], tmp_path, files)
    assert [session.name for session in found] == ["2021-01-01T00.00.00.000Z", "best"]
    assert problems == [f"{tmp_path / 'm.json'} has no session store."]


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", "3"])
def test_a_record_of_any_form(tmp_path: Path, content: str | None) -> None:
    """A record that is no mapping, or an empty one, is none."""
    file = make_store(tmp_path / "a.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO runs VALUES (?, ?)", (FIRST, content))
    (session,), problems = read_sessions(file)
    assert session.content == {}
    assert len(problems) == (0 if content == "{}" else 1)
