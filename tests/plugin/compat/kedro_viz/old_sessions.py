"""What Kedro-Viz before version 11 left in a project: a session store, and versioned files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

FIRST, SECOND, FAILED, EMPTY = (f"2023-11-02T18.30.2{n}.123Z" for n in range(4))
"""Ids of sessions; the first is at :data:`FIRST_MS`."""
FIRST_MS = 1_698_949_820_123

# As SQLAlchemy creates them for the models of Kedro-Viz 10.2.
_TABLES = """
CREATE TABLE runs (id VARCHAR NOT NULL, blob JSON, PRIMARY KEY (id));
CREATE INDEX ix_runs_id ON runs (id);
CREATE TABLE user_run_details (
    id INTEGER NOT NULL, run_id VARCHAR, bookmark BOOLEAN, title VARCHAR, notes VARCHAR,
    PRIMARY KEY (id), UNIQUE (run_id), FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE INDEX ix_user_run_details_id ON user_run_details (id);
"""


def record(session: str, **more: Any) -> dict[str, Any]:
    """Kedro's record of a session, as `kedro run --env=prod --pipeline=train` makes it."""
    params = {
        "from_inputs": [],
        "to_outputs": [],
        "node_names": [],
        "runner": None,
        "is_async": False,
        "env": "prod",
        "tags": [],
        "load_versions": {},
        "pipeline": "train",
        "params": {},
    }
    command = {"args": [], "params": params, "command_name": "run"}
    return {
        "project_path": "/home/me/wine",
        "session_id": session,
        "cli": {**command, "command_path": "kedro run --env=prod --pipeline=train"},
        "env": "prod",
        "username": "maria",
        "git": {"commit_sha": "1a2b3c4", "dirty": True, "branch": "main"},
        **more,
    }


def make_store(
    file: Path, *records: Mapping[str, Any], details: Mapping[str, tuple[str, str, bool]] = {}
) -> Path:
    """Write a session store; ``details`` are title, notes and bookmark of sessions."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(_TABLES)
        for item in records:  # encoded by Kedro-Viz itself, and by the column's type
            row = (item["session_id"], json.dumps(json.dumps(item)))
            connection.execute("INSERT INTO runs VALUES (?, ?)", row)
        for session, (title, notes, bookmark) in details.items():
            connection.execute(
                "INSERT INTO user_run_details (run_id, title, notes, bookmark) VALUES (?, ?, ?, ?)",
                (session, title, notes, bookmark),
            )
    return file


def save(path: Path, session: str, content: Any) -> Path:
    """Write a file as a versioned dataset of Kedro does."""
    file = path / session / path.name
    file.parent.mkdir(parents=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(
            content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
        )
    return file
