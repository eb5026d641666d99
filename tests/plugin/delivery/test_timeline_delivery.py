"""The timeline of a run, made of what its journal holds by whoever delivers that."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow.artifacts import load_dict
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.journal.entries import End, SpanRecord, Text
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.writer import Writer

SPANS = [
    SpanRecord("run", name, name, start, start + 1, step=step, worker="laptop/7/MainThread")
    for step, (name, start) in enumerate({"first": 10.0, "second": 20.0}.items())
]


def nodes(client: Any, path: str = "kedro/timeline.json") -> list[str]:
    """The nodes in the timeline of the only run."""
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    spans = load_dict(f"{run.info.artifact_uri}/{path}")["spans"]
    return [span["node"] for span in spans]


@pytest.fixture
def killed(journal: Journal) -> Journal:
    """The journal of a process that was killed, after two of its processes had timed a node."""
    for span in SPANS:
        Writer(journal).append(span)
    journal.release()
    return Journal(journal.folder)


def test_killed(killed: Journal, store_uri: str, client: Any, tmp_path: Path) -> None:
    """What had ended is in the timeline, of all processes of the run."""
    deliver(killed, Connection(store_uri), tmp_path)
    assert nodes(client) == ["first", "second"]


def test_delivered_again(killed: Journal, store_uri: str, client: Any, tmp_path: Path) -> None:
    """A delivery that was itself killed is repeated, with the same result."""
    shutil.copytree(killed.folder, tmp_path / "copy")
    deliver(killed, Connection(store_uri), tmp_path)
    shutil.copytree(tmp_path / "copy", killed.folder)
    deliver(Journal(killed.folder), Connection(store_uri), tmp_path)
    assert nodes(client) == ["first", "second"]


def test_refused(
    killed: Journal,
    store_uri: str,
    client: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
) -> None:
    """A store that refuses it gets it with a later ``sync``, once, and from the same file."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("read only")

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.MlflowClient.log_artifact", refuse)
        patched.setattr("mlflow.MlflowClient.log_artifacts", refuse)
        for _ in range(2):
            deliver(Journal(killed.folder), Connection(store_uri), tmp_path)
            (item,) = Journal(killed.folder).set_aside
            assert item.entry.title == "artifact kedro/timeline.json"
    assert any("kedro/timeline.json" in message for message in said)
    deliver(Journal(killed.folder), Connection(store_uri), tmp_path)
    assert nodes(client) == ["first", "second"]
    assert not killed.exists()


def test_without_a_journal(journal: Journal, store_uri: str, client: Any, tmp_path: Path) -> None:
    """On a full disk all is in memory, the timings too."""
    delivery = RunDelivery(journal.header, Connection(store_uri), tmp_path, None)
    for entry in (*SPANS, Text("a.txt", "a"), End("FINISHED", 99)):
        delivery.queue.remember(entry)
    delivery.add_last_files()
    delivery.add_last_files()
    delivery.send_values()
    while delivery.send_files():
        pass
    assert nodes(client) == ["first", "second"]


def test_part_of_a_shared_run(killed: Journal, store_uri: str, client: Any, tmp_path: Path) -> None:
    """One that shares its run has a file of its own."""
    header = replace(killed.header, key="nightly")
    delivery = RunDelivery(header, Connection(store_uri), tmp_path, killed, complete=True)
    delivery.send_values()
    delivery.add_last_files()
    delivery.send_files()
    assert nodes(client, f"kedro/timeline/{header.journal}.json") == ["first", "second"]


def test_not_of_child_runs(journal: Journal, store_uri: str, tmp_path: Path) -> None:
    """What a child run of ``run.children`` notes of its nodes is no timeline."""
    Writer(journal).append(SPANS[0])
    header = replace(journal.header, group="germany")
    delivery = RunDelivery(header, Connection(store_uri), tmp_path, journal)
    delivery.add_last_files()
    assert list(journal.folder.glob("*.files")) == []
