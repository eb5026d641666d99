"""What of a session goes into MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow_on_kedro.commands.importing.session_content import SessionContent, tags_of
from mlflow_on_kedro.compat.kedro_viz.sessions import Session
from mlflow_on_kedro.compat.kedro_viz.tracked_files import TrackedFiles
from mlflow_on_kedro.journal.entries import Text

from tests.plugin.compat.kedro_viz.old_sessions import FIRST, record, save


def test_secrets() -> None:
    """Secrets among the parameters of the command are in no tag."""
    content = record(FIRST, extra_params={"db": {"password": "hunter2"}, "depth": 3})
    command = "kedro run --params=db.password:hunter2,depth:3 --env=prod"
    content["cli"] = {**content["cli"], "command_path": command}
    tags = tags_of(Session(FIRST, content, notes="password=hunter3"), "wine")
    assert "hunter" not in str(tags)
    assert tags["kedro_command"] == "kedro run --params=db.password:***,depth:3 --env=prod"
    assert tags["kedro.runtime_params"] == {"db": {"password": "***"}, "depth": 3}


def test_secrets_in_files() -> None:
    """A file with a secret in a quoted text stays JSON."""
    content = {"from": 'see "http://host?sig=hunter2"', "note": ["password=hunter2; n=3"], "n": 1}
    logged: list[Text] = []
    run: Any = SimpleNamespace(log_entry=logged.append)
    SessionContent(Session(FIRST), [("made", "json", content)])._log_files(run)
    assert json.loads(logged[0].content) == {
        "from": 'see "http://host?sig=***"',
        "note": ["password=***; n=3"],
        "n": 1,
    }


@pytest.mark.parametrize(
    "content", [{}, {"cli": None, "git": "x", "exception": []}, {"cli": {"params": None}}]
)
def test_a_record_with_little(content: dict[str, Any]) -> None:
    """Without a record, the run has the tags of its origin alone."""
    assert set(tags_of(Session(FIRST, content), "wine")) == {
        *("kedro.imported_from", "mlflow.source.name", "mlflow.source.type"),
    }


def test_files(tmp_path: Path) -> None:
    """A JSON file is read as its dataset's kind; without one its content tells."""
    save(tmp_path / "m.json", FIRST, {"f1": 0.5})
    save(tmp_path / "c.json", FIRST, {"f1": 1})
    save(tmp_path / "p.json", FIRST, {"data": [], "layout": {}})
    broken = save(tmp_path / "b.json", FIRST, "no JSON")
    files = [TrackedFiles(name, tmp_path / f"{name}.json") for name in "mcpbx"]
    found = SessionContent.read(Session(FIRST), files)
    assert [(name, kind) for name, kind, _ in found.values] == [("m", "metrics"), ("c", "json")]
    assert [name for name, _ in found.files] == ["p"]
    assert [problem.split(" is left out")[0] for problem in found.problems] == [str(broken)]
    assert not found.is_empty
    assert SessionContent(Session(FIRST)).is_empty
