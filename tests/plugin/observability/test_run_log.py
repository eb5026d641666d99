"""The log of a process that does not see the run's journal, as on another machine."""

# ruff: noqa: T201 - it is about what is printed

from __future__ import annotations

import os
import pickle
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.log_file import FOLDER
from mlflow_on_kedro.journal.log_text import read_log
from mlflow_on_kedro.observability import run_log
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest


def test_another_machine(
    store_uri: str, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends its part after a node, as an artifact of its own."""
    config = parse({"tracking": {"uri": store_uri, "delivery": "thread"}})
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo", spread="any"))
    worker = pickle.loads(pickle.dumps(run))  # noqa: S301 - as a runner does
    worker.config = parse({"tracking": {"uri": store_uri}, "logs": True})
    worker.journal = Journal(tmp_path / "elsewhere" / run.journal_id)
    run_log.begin_node(worker)
    monkeypatch.setattr(run_log, "REMOTE_SECONDS", 0)  # its thread waits for 30 seconds already
    print("from afar")
    run_log.end_node(worker)
    path = f"kedro/logs/{socket.gethostname()}-{os.getpid()}.log"
    (tmp_path / "got").mkdir()
    text = Path(client.download_artifacts(run.run_id, path, str(tmp_path / "got"))).read_text()
    assert text.endswith("stdout   from afar\n")
    # The next run that this process works for ends the log of this one.
    other = pickle.loads(pickle.dumps(run))  # noqa: S301 - as a runner does
    other.config, other.journal, other.journal_id = worker.config, worker.journal, "another"
    run_log.begin(other)
    assert list(run_log._logs) == ["another"]
    run_log._end("another")
    run.end("FINISHED")


def test_two_nodes_at_once(store_uri: str, tmp_path: Path) -> None:
    """The end of a node does not cut the line, and so the secret, that another one prints."""
    config = parse({"tracking": {"uri": store_uri, "mode": "offline"}, "logs": True})
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    for _ in "ab":
        run_log.begin_node(run)
    print("password=", end="")
    ending = threading.Thread(target=run_log.end_node, args=(run,))
    ending.start()
    ending.join()
    print("hunter2")
    assert run.local_journal is not None
    text = read_log(run.local_journal.folder / FOLDER)
    run.end("FINISHED")
    assert text.endswith("stdout   password=***\n")
