"""Runs that save to one file at the same time: each has in MLflow, and loads, what it saved."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from kedro_datasets.json import JSONDataset
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.journal import stash as stashing
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

FILE = Path("data/mlflow/value.json")
Open = Callable[..., OwnRun]
Saver = Callable[..., MLflowDataset]

PLAN = PipelineInfo(outputs=frozenset({"value"}))


def dataset_of(run: OwnRun, dataset: Any = "json", **named: Any) -> MLflowDataset:
    """The dataset `value` as a run has it, without a copy of the value in memory."""
    made = MLflowDataset(dataset=dataset, caching=False, **named)
    made.bind("value", run.root, run.uri, run)
    return made


def in_mlflow(client: Any, run: OwnRun, name: str = "value.json") -> Any:
    """What MLflow has."""
    run.flush()
    return json.loads(Path(client.download_artifacts(run.run_id, name)).read_text())


KINDS: dict[str, Any] = {
    "an extension": lambda _: "json",
    "a type": lambda _: {"type": "json.JSONDataset"},
    "an object": lambda root: JSONDataset(filepath=(root / FILE).as_posix()),
    "by the value": lambda _: "dict",
}


@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_at_once(open_run: Open, client: Any, tmp_path: Path, kind: str) -> None:
    """Each gets what it saved into MLflow, and back from its own load."""
    runs = [open_run(PLAN), open_run(PLAN)]
    filepath = None if kind == "an object" else FILE
    datasets = [dataset_of(run, KINDS[kind](tmp_path), filepath=filepath) for run in runs]
    meeting = threading.Barrier(2)

    def work(number: int) -> list[Any]:
        meeting.wait(30)
        found = []
        for step in range(5):
            datasets[number].save({"run": number, "step": step})
            found.append(datasets[number].load())
        return found

    with ThreadPoolExecutor(2) as pool:
        loaded = list(pool.map(work, range(2)))
    assert loaded == [[{"run": n, "step": step} for step in range(5)] for n in range(2)]
    assert [in_mlflow(client, run) for run in runs] == [{"run": n, "step": 4} for n in range(2)]
    assert [path.name for path in (tmp_path / FILE).parent.iterdir()] == ["value.json"]


def test_a_file_of_the_same_length_in_the_same_moment(open_run: Open, client: Any) -> None:
    """The file of another run is not taken for this run's."""
    first, second = open_run(PLAN), open_run(PLAN)
    mine, other = dataset_of(first), dataset_of(second)
    mine.save({"C": 1.06})
    other.save({"C": 4.06})
    assert (mine.load(), other.load()) == ({"C": 1.06}, {"C": 4.06})
    assert in_mlflow(client, first) == {"C": 1.06}


def test_offline(open_run: Open) -> None:
    """Without MLflow it is loaded from the run's journal."""
    first, second = open_run(PLAN, mode="offline"), open_run(PLAN, mode="offline")
    mine, other = dataset_of(first), dataset_of(second)
    mine.save(1)
    mine.save(2)
    other.save(3)
    assert (mine.load(), other.load()) == (2, 3)


def test_a_copy_that_is_delivered_while_it_is_loaded(
    open_run: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is loaded from MLflow."""
    first, second = open_run(PLAN), open_run(PLAN)
    mine, other = dataset_of(first), dataset_of(second)
    mine.save(1)
    other.save(2)
    first.flush()
    gone = first.root / "gone" / "value.json"
    monkeypatch.setattr(type(mine), "_copy_in_journal", lambda *_: gone)
    assert mine.load() == 1


def test_a_save_of_another_run_right_after_the_check(
    open_run: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other run has written meanwhile is not taken for this run's."""
    mine, other = dataset_of(open_run(PLAN)), dataset_of(open_run(PLAN))
    mine.save({"C": 1.06})
    check = mine.run_instead_of

    def and_then_the_other_saves(*args: Any) -> str | None:
        found = check(*args)
        monkeypatch.undo()
        other.save({"C": 4.06})
        return found

    monkeypatch.setattr(mine, "run_instead_of", and_then_the_other_saves)
    assert mine.load() == {"C": 1.06}


def test_a_value_of_mlflows(open_run: Open) -> None:
    """A metric is the run's own, too."""
    first, second = open_run(PLAN), open_run(PLAN)
    mine, other = dataset_of(first, "m"), dataset_of(second, "m")
    mine.save(0.5)
    other.save(0.75)
    assert (mine.load(), other.load()) == (0.5, 0.75)


def test_a_save_that_fails(open_run: Open, tmp_path: Path, client: Any) -> None:
    """The file stays as it was, and the message names it."""
    run = open_run(PLAN)
    dataset = dataset_of(run)
    dataset.save("before")
    with pytest.raises(DatasetError) as caught:
        dataset.save(object())
    assert FILE.as_posix() in str(caught.value)
    assert ".saving-" not in str(caught.value)
    assert json.loads((tmp_path / FILE).read_text()) == "before"
    assert in_mlflow(client, run) == "before"


def test_what_adds_to_a_file(open_run: Open, tmp_path: Path, client: Any) -> None:
    """A file that is added to keeps what it had."""
    run = open_run(PLAN)
    dataset = dataset_of(run, "text", fs_args={"open_args_save": {"mode": "a"}})
    for line in ("one\n", "two\n"):
        dataset.save(line)
    run.flush()
    assert (tmp_path / "data/mlflow/value.txt").read_text() == "one\ntwo\n"
    path = client.download_artifacts(run.run_id, "value.txt")
    assert Path(path).read_text() == "one\ntwo\n"


def test_a_link_to_a_file(open_run: Open, tmp_path: Path) -> None:
    """What it leads to is written, and it stays a link."""
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text("0")
    (tmp_path / FILE).parent.mkdir(parents=True)
    try:
        (tmp_path / FILE).symlink_to(elsewhere)
    except OSError:  # Windows
        pytest.skip("no links here")
    dataset_of(open_run(PLAN)).save(1)
    assert (tmp_path / FILE).is_symlink()
    assert elsewhere.read_text() == "1"


def test_a_large_file_is_not_copied(
    open_run: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline it is linked, so that it is on disk once; the next save leaves it as it was."""
    monkeypatch.setattr(stashing, "LINK_BYTES", 5)
    monkeypatch.setattr(stashing, "_clone", lambda *_: False)
    run = open_run(PLAN, mode="offline", max_copy=0)
    dataset = dataset_of(run)
    dataset.save("first value")
    assert run.journal is not None
    (kept,) = [path for path in run.journal.waiting_files() if path.name == "value.json"]
    if kept == tmp_path / FILE:
        pytest.skip("no links here")
    assert kept.samefile(tmp_path / FILE)
    dataset.save("second value")
    assert json.loads(kept.read_text()) == "first value"
