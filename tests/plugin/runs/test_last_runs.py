"""Which run was a pipeline's last one: a note on local disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.runs import last_runs


@pytest.mark.parametrize(
    ("run_params", "series"),
    [
        ({}, "__default__"),
        ({"pipeline_name": "a"}, "a"),
        ({"pipeline_names": ["b", "a"], "from_nodes": ["x"]}, "a,b"),
        ({"pipeline_names": ["a"], "env": "prod"}, "a in prod"),
    ],
)
def test_series(run_params: dict[str, Any], series: str) -> None:
    """Runs of the same pipeline in the same environment belong together, whatever part they run."""
    assert last_runs.series_of(run_params) == series


def test_the_last_run(tmp_path: Path, messages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The last run of a pipeline is that of the same user; where there is none it is said."""
    first, second = new_id(), new_id()
    last_runs.write(tmp_path, "a", first)
    last_runs.write(tmp_path, "a", second)
    assert last_runs.read(tmp_path, "a") == second
    assert messages == []
    assert last_runs.read(tmp_path, "b") is None
    assert messages == [
        "`run.resume`: there is no earlier run of the pipeline b here, so a new one begins."
    ]
    monkeypatch.setattr("getpass.getuser", lambda: "somebody")
    assert last_runs.read(tmp_path, "a") is None


@pytest.mark.parametrize("content", ["", "../../x", "g" * 24, "ü", "a" * 23])
def test_a_damaged_note(tmp_path: Path, content: str) -> None:
    """What is no journal's id is not followed."""
    last_runs.write(tmp_path, "a", new_id())
    (note,) = (tmp_path / ".mlflow_on_kedro" / last_runs.FOLDER).iterdir()
    note.write_text(content, encoding="utf-8")
    assert last_runs.read(tmp_path, "a") is None
