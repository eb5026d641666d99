"""The process of an evaluation, and what is on disk meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.evaluation import process
from mlflow_on_kedro.evaluation.scorers import ScorerSpec

KEY = "sk-hush-hush"


def test_no_secrets_in_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process gets them on its standard input, and removes the rows when it has read them."""
    before: list[bytes] = []
    run = process._run

    def seen(config: bytes, log: Path) -> None:
        assert json.loads(config)["secrets"] == [KEY, "no_module"]
        before.extend(file.read_bytes() for file in tmp_path.iterdir())
        run(config, log)

    monkeypatch.setattr(process, "_run", seen)
    rows: list[dict[str, Any]] = [{"inputs": {"q": "a"}, "outputs": "b"}]
    job = process.Job(rows, [ScorerSpec("no_module.scorer")], [KEY, "no_module"])
    found = process.evaluate(job, {"OPENAI_API_KEY": KEY}, tmp_path)
    assert "'***.scorer' cannot be imported" in found.error
    assert len(before) == 1
    assert b"inputs" in before[0]
    assert KEY.encode() not in before[0]
    assert not (tmp_path / process.JOB).exists()
