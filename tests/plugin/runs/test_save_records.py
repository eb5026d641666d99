"""Which run a local file is of, and where a dataset is loaded from."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.datasets import saved_files
from mlflow_on_kedro.journal.snapshot import state_of
from mlflow_on_kedro.runs import save_records
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

FILE = Path("data/mlflow/value.json")
Open = Callable[..., OwnRun]


@pytest.fixture
def open_run(store_uri: str, tmp_path: Path) -> Iterator[Open]:
    """A function that opens a run of a pipeline with the given outputs."""
    opened: list[OwnRun] = []

    def open_(*outputs: str, uri: str = store_uri, **sections: Any) -> OwnRun:
        config = parse({"tracking": {"uri": uri}, **sections})
        info = PipelineInfo(outputs=frozenset(outputs))
        run = OwnRun.open(
            RunRequest(config=config, root=tmp_path, package="demo", pipeline_info=info)
        )
        opened.append(run)
        return run

    yield open_
    for run in opened:
        run.end("FINISHED")


def worker(run: OwnRun) -> MLflowDataset:
    """The dataset as another process has it."""
    copy = pickle.loads(pickle.dumps(run))  # noqa: S301
    dataset = MLflowDataset(dataset="json")
    dataset.bind("value", copy.root, copy.uri, copy)
    return dataset


def leave_stale(root: Path) -> None:
    """Put a file of an earlier run where the run's own is expected."""
    (root / FILE).parent.mkdir(parents=True, exist_ok=True)
    (root / FILE).write_text(json.dumps("stale"))


def closed_port() -> str:
    """The address of a server that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_notes(tmp_path: Path) -> None:
    """A file is of the run that has written it, until anybody writes it again."""
    path = tmp_path / "a.txt"
    path.write_text("one")
    assert not save_records.was_saved_by(tmp_path, path, "run")
    save_records.note(tmp_path, path, "run", state_of(path))
    assert save_records.was_saved_by(tmp_path, path, "run")
    assert not save_records.was_saved_by(tmp_path, path, "another")
    path.write_text("other")
    assert not save_records.was_saved_by(tmp_path, path, "run")


def test_this_runs_own_file(open_run: Open, tmp_path: Path) -> None:
    """What one process of the run has saved, another on the same disk loads from there."""
    run = open_run("value")
    worker(run).save("fresh")
    (tmp_path / "mlruns").rename(tmp_path / "gone")
    assert worker(run).load() == "fresh"


def test_a_stale_file_of_an_output(open_run: Open, tmp_path: Path) -> None:
    """Where an earlier run's file lies, what this run has saved comes from MLflow."""
    run = open_run("value")
    worker(run).save("fresh")
    run.flush()
    leave_stale(tmp_path)  # as on another machine, where this run's was never written
    assert worker(run).load() == "fresh"


def test_an_output_that_mlflow_has_not(
    open_run: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stale file never stands in for it."""
    monkeypatch.setattr(saved_files, "DELIVERY_SECONDS", 0.1)
    run = open_run("value")
    leave_stale(tmp_path)
    with pytest.raises(DatasetError, match="was saved by this run on another machine"):
        worker(run).load()


def test_an_input(open_run: Open, tmp_path: Path) -> None:
    """What this run does not save is an earlier run's, and is the one to load."""
    leave_stale(tmp_path)
    assert worker(open_run("another")).load() == "stale"


def test_an_input_of_a_run_with_a_key(open_run: Open, tmp_path: Path) -> None:
    """What another process of the run has saved comes from MLflow; what none has, from the disk."""
    key = {"run": {"key": "nightly"}}
    leave_stale(tmp_path)
    assert worker(open_run("another", **key)).load() == "stale"
    first = open_run("value", **key)
    worker(first).save("fresh")
    first.flush()
    leave_stale(tmp_path)
    assert worker(open_run("another", **key)).load() == "fresh"


def test_where_no_note_can_be_written(open_run: Open, tmp_path: Path) -> None:
    """Without a place for the journal and without MLflow, workers still pass files on."""
    (tmp_path / ".mlflow_on_kedro").write_text("in the way")
    run = open_run("value", tracking={"uri": closed_port(), "timeout": 1.0})
    worker(run).save("fresh")
    assert worker(run).load() == "fresh"
