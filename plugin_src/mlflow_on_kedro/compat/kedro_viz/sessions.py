"""The sessions in Kedro-Viz's session store: a SQLite file, or several of a shared folder."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePath
from typing import Any

FILE = "session_store.db"
# As Kedro writes it: the time in UTC, with milliseconds. It is part of paths, too.
_ID = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}\.\d{2}\.\d{2}\.\d{3}Z")
_COLUMNS = {"id", "blob"}


@dataclass(frozen=True)
class Session:
    """One run of a pipeline, as Kedro-Viz has recorded it.

    Attributes:
        id: Kedro's id of the session, and the version of what it has saved.
        content: Kedro's record: ``cli``, ``env``, ``git``, ``username``, ``exception`` …
        title: The title that the user gave it in Kedro-Viz.
        notes: The user's notes.
        bookmark: Whether the user has bookmarked it.
    """

    id: str
    content: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    notes: str = ""
    bookmark: bool = False

    @property
    def start_ms(self) -> int:
        """When it began, in milliseconds since the epoch.

        Example:
            >>> Session("1970-01-01T00.00.02.500Z").start_ms
            2500
        """
        time = datetime.strptime(self.id, "%Y-%m-%dT%H.%M.%S.%fZ").replace(tzinfo=timezone.utc)
        return round(time.timestamp() * 1000)

    @property
    def name(self) -> str:
        """Its name in Kedro-Viz: the user's title, or the id."""
        return self.title or self.id

    @property
    def is_marked(self) -> bool:
        """Whether the user has named, described or bookmarked it."""
        return bool(self.notes or self.bookmark or self.name != self.id)

    def part(self, name: str) -> Mapping[str, Any]:
        """Return a part of Kedro's record that is a mapping; empty if there is none."""
        found = self.content.get(name)
        return found if isinstance(found, Mapping) else {}


def is_session_id(text: str) -> bool:
    """Return whether a text is an id as Kedro gives it, and a time.

    Example:
        >>> is_session_id("2023-11-02T18.30.24.123Z"), is_session_id("../2023")
        (True, False)
    """
    if not _ID.fullmatch(text):
        return False
    try:
        return Session(text).start_ms > 0
    except ValueError:  # such as a month 13
        return False


def find_stores(places: Iterable[Path]) -> list[Path]:
    """Return the session stores among files and in folders, where shared ones have other names.

    Args:
        places: Files and folders; those that do not exist are left out.
    """
    found: dict[Path, None] = {}
    for place in places:
        files = sorted(place.glob("*.db")) if place.is_dir() else [place] if place.exists() else []
        found |= dict.fromkeys(file.resolve() for file in files if _is_store(file))
    return list(found)


def read_sessions(file: Path) -> tuple[list[Session], list[str]]:
    """Read all sessions of a store.

    Args:
        file: The SQLite file, which is not written to.

    Returns:
        The sessions, and a message for each one that cannot be read.
    """
    sessions, problems = [], []
    try:
        with _opened(file) as connection:
            rows = connection.execute("SELECT id, blob FROM runs ORDER BY id").fetchall()
            details = _details(connection)
    except sqlite3.Error as error:
        return [], [f"{file} cannot be read as a session store: {error}."]
    for name, blob in rows:
        if not is_session_id(str(name)):
            problems.append(f"{file}: session {name!r:.60} is left out: its id is no time.")
            continue
        content = _decoded(blob)
        if content is None:
            problems.append(f"{file}: the record of session {name} is damaged; its files are read.")
        sessions.append(Session(name, content or {}, **details.get(name, {})))
    return sessions, problems


def _is_store(file: Path) -> bool:
    """Return whether a file is a session store, or one that is damaged: it is reported later."""
    try:
        with _opened(file) as connection:
            columns = {row[1] for row in connection.execute("PRAGMA table_info(runs)")}
    except sqlite3.Error:
        return file.name == FILE
    return columns >= _COLUMNS


def _opened(file: Path) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(_read_only(file.resolve()), uri=True))


def _read_only(file: PurePath) -> str:
    """Return SQLite's URI of a file; it has no host, also if the file is on a network drive."""
    address = file.as_uri().removeprefix("file://")
    host = "" if address.startswith("/") else "//"
    return f"file://{host}{address}?mode=ro"


def _details(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Return what users have written about sessions; the first versions had no such table."""
    try:
        rows = connection.execute("SELECT run_id, title, notes, bookmark FROM user_run_details")
        return {
            name: {"title": title or "", "notes": notes or "", "bookmark": bool(bookmark)}
            for name, title, notes, bookmark in rows
        }
    except sqlite3.OperationalError:
        return {}


def _decoded(blob: Any) -> Mapping[str, Any] | None:
    # Kedro-Viz has encoded it itself, and so has the column for JSON.
    try:
        content = json.loads(blob)
        if isinstance(content, str):
            content = json.loads(content)
    except (TypeError, ValueError):
        return None
    return content if isinstance(content, Mapping) else None
