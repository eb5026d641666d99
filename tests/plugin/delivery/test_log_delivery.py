"""The log of a run arrives while its pipeline runs, and after a process was killed."""

# ruff: noqa: T201 - it is about what is printed

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.delivery import log_delivery
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest


def _open(uri: str, root: Path, **tracking: Any) -> OwnRun:
    settings = {"uri": uri, "delivery": "thread", **tracking}
    config = parse({"tracking": settings, "logs": True})
    return OwnRun.open(RunRequest(config=config, root=root, package="demo", spread="process"))


def _log(client: Any, run_id: str, folder: Path) -> str:
    folder.mkdir()
    path = client.download_artifacts(run_id, "kedro/run.log", str(folder))
    return Path(path).read_text(encoding="utf-8")


def test_while_the_pipeline_runs(
    store_uri: str, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is there before the run has ended, and whole afterwards, with the error."""
    monkeypatch.setattr(log_delivery, "INTERVAL_SECONDS", 0.1)
    run = _open(store_uri, tmp_path)
    print("early")
    text, deadline = "", time.monotonic() + 30
    while "early" not in text and time.monotonic() < deadline:
        run.nudge()
        time.sleep(0.1)
        with contextlib.suppress(Exception):  # it is not there yet
            text = _log(client, run.run_id, tmp_path / f"at-{time.monotonic()}")
    assert "stdout   early\n" in text
    print("late")
    run.end("FAILED", ValueError("no data"))
    whole = _log(client, run.run_id, tmp_path / "end")
    assert whole.startswith(text)
    assert "stdout   late\n" in whole
    assert "ValueError: no data\n" in whole


def test_offline(store_uri: str, client: Any, tmp_path: Path) -> None:
    """The log of a run that was offline is delivered with it."""
    run = _open(store_uri, tmp_path, mode="offline")
    print("far away")
    run.end("FINISHED")
    assert run.journal is not None
    delivered = deliver(run.journal, Connection(store_uri), tmp_path)
    assert delivered.opened is not None
    assert "far away\n" in _log(client, delivered.opened.run_id, tmp_path / "end")
