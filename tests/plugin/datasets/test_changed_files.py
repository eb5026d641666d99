"""Exactly what a save has written is logged, not what lay there before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from kedro.io import AbstractDataset, Version
from kedro_datasets.json import JSONDataset
from kedro_datasets.matplotlib import MatplotlibDataset
from kedro_datasets.partitions import IncrementalDataset, PartitionedDataset
from matplotlib.figure import Figure
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.datasets.changed_files import before_save, log_written
from mlflow_on_kedro.datasets.local_files import FileStates, states_of
from mlflow_on_kedro.journal.entries import Entry, File
from mlflow_on_kedro.journal.outbox import Outbox
from mlflow_on_kedro.journal.run_logger import RunLogger


class Told(RunLogger, Outbox):
    """A run that keeps what it is told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.outbox_entries = self.entries

    @property
    def outbox(self) -> Outbox:
        """Itself."""
        return self

    def put(self, entry: Entry) -> None:
        """Keep an entry."""
        self.entries.append(entry)

    def flush(self) -> None:
        """Do nothing."""

    def secure(self) -> None:
        """Do nothing."""

    def files(self) -> list[str]:
        """The artifacts, as they would be in MLflow."""
        found = []
        for entry in self.entries:
            assert isinstance(entry, File)
            path = Path(entry.path)
            below = [item for item in path.rglob("*") if item.is_file()] if path.is_dir() else []
            found += [f"{entry.folder}/{item.relative_to(path).as_posix()}" for item in below]
            found += [] if path.is_dir() else [f"{entry.folder}/{path.name}".lstrip("/")]
        return sorted(found)


def saved(dataset: AbstractDataset[Any, Any], data: Any) -> list[str]:
    """Save, and give the artifacts that are logged of it."""
    run = Told()
    before = before_save(dataset, data)
    dataset.save(data)
    assert log_written(run, dataset, data, before)
    return run.files()


@pytest.fixture
def parts(tmp_path: Path) -> Callable[..., PartitionedDataset]:
    """A function that makes a dataset of partitions."""

    def make(
        kind: type[PartitionedDataset] = PartitionedDataset, **named: Any
    ) -> PartitionedDataset:
        given = {"dataset": "json.JSONDataset", "filename_suffix": ".json", **named}
        return kind(path=(tmp_path / "parts").as_posix(), **given)

    return make


KINDS = [PartitionedDataset, IncrementalDataset]


@pytest.mark.parametrize("kind", KINDS)
class TestPartitions:
    """Datasets with a file for each item of a dict."""

    def test_first(self, parts: Any, kind: Any) -> None:
        """All are logged, nested ones in their folders."""
        assert saved(parts(kind), {"a": 1, "deep/b": 2}) == ["parts/a.json", "parts/deep/b.json"]

    def test_later(self, parts: Any, kind: Any) -> None:
        """What an earlier run has left is not."""
        saved(parts(kind), {"a": 1, "deep/b": 2})
        assert saved(parts(kind), {"deep/c": 3}) == ["parts/deep/c.json"]

    def test_the_same_again(self, parts: Any, kind: Any, tmp_path: Path) -> None:
        """A partition that is written again with the same bytes in the same moment is."""
        dataset, run = parts(kind), Told()
        dataset.save({"a": 1, "b": 1})
        file = tmp_path / "parts" / "a.json"
        os.utime(file, (1, 1))
        before = before_save(dataset, {"a": 1})
        dataset.save({"a": 1})
        os.utime(file, (1, 1))
        assert log_written(run, dataset, {"a": 1}, before)
        assert run.files() == ["parts/a.json"]

    def test_two_saves(self, parts: Any, kind: Any) -> None:
        """A generator node saves several times: each time the new ones are logged."""
        dataset = parts(kind)
        assert saved(dataset, {"a": 1}) == ["parts/a.json"]
        assert saved(dataset, {"b": 1}) == ["parts/b.json"]
        assert saved(dataset, {"a": 2, "c": 1}) == ["parts/a.json", "parts/c.json"]

    def test_lazy(self, parts: Any, kind: Any) -> None:
        """Functions are called once, by the save, and their partitions logged."""
        calls = []

        def lazily() -> int:
            calls.append(1)
            return 1

        saved(parts(kind), {"old": 0})
        assert saved(parts(kind), {"a": lazily}) == ["parts/a.json"]
        assert calls == [1]

    def test_none(self, parts: Any, kind: Any) -> None:
        """No partition is no file, whether there is a folder or not."""
        assert saved(parts(kind), {}) == []
        saved(parts(kind), {"a": 1})
        assert saved(parts(kind), {}) == []

    def test_another_node(self, parts: Any, kind: Any) -> None:
        """What another node writes into the folder meanwhile is that node's."""
        dataset, run = parts(kind), Told()
        before = before_save(dataset, {"a": 1})
        dataset.save({"a": 1})
        parts(kind).save({"b": 1})
        assert log_written(run, dataset, {"a": 1}, before)
        assert run.files() == ["parts/a.json"]

    def test_what_lies_beside(self, parts: Any, kind: Any, tmp_path: Path) -> None:
        """FileStates that the partition's dataset writes beside it belong to it."""
        dataset, run = parts(kind), Told()
        dataset.save({"b": 1})
        before = before_save(dataset, {"a": 1})
        dataset.save({"a": 1})
        (tmp_path / "parts" / "a.idx").write_text("1", encoding="utf-8")
        assert log_written(run, dataset, {"a": 1}, before)
        assert run.files() == ["parts/a.idx", "parts/a.json"]

    def test_many(
        self, parts: Any, kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of one that is saved among many, the state of no other is looked up."""
        looked_up: list[Path] = []

        def noting(files: Iterable[Path]) -> FileStates:
            found = list(files)
            looked_up.extend(found)
            return states_of(found)

        monkeypatch.setattr("mlflow_on_kedro.datasets.changed_files.states_of", noting)
        monkeypatch.setattr(
            "mlflow_on_kedro.datasets.changed_files.files_in", lambda _: pytest.fail("all of it")
        )
        dataset = parts(kind)
        dataset.save({f"{n}": 1 for n in range(50)})
        assert saved(dataset, {"7": 2}) == ["parts/7.json"]
        assert set(looked_up) == {tmp_path / "parts" / "7.json"}

    def test_versions(self, parts: Any, kind: Any) -> None:
        """Of partitions with versions the new one is logged."""
        config = {"type": "json.JSONDataset", "versioned": True}
        (first,) = saved(parts(kind, dataset=config), {"a": 1})
        time.sleep(0.01)  # a version is named after the time in milliseconds
        (second,) = saved(parts(kind, dataset=config), {"a": 1})
        assert first.endswith("/a.json")
        assert first.startswith("parts/a.json/")
        assert second > first


def test_overwrite(parts: Any) -> None:
    """``overwrite: true`` clears the folder; what is in it then is logged."""
    saved(parts(), {"a": 1, "b": 1})
    assert saved(parts(overwrite=True), {"a": 1}) == ["parts/a.json"]


def test_a_checkpoint_is_not_logged(parts: Any) -> None:
    """The note of an ``IncrementalDataset`` on what is processed is no partition."""
    dataset = parts(IncrementalDataset)
    saved(dataset, {"a": 1})
    dataset.load()
    dataset.confirm()
    assert saved(dataset, {"b": 1}) == ["parts/b.json"]


class TestFolders:
    """Other datasets that write a folder."""

    @pytest.fixture
    def plots(self, tmp_path: Path) -> MatplotlibDataset:
        """A dataset that writes one or several images."""
        return MatplotlibDataset(filepath=(tmp_path / "plots").as_posix())

    def test_later(self, plots: MatplotlibDataset) -> None:
        """What an earlier run has left is not logged."""
        assert saved(plots, {"a.png": Figure(), "b.png": Figure()}) == [
            "plots/a.png",
            "plots/b.png",
        ]
        assert saved(plots, {"b.png": Figure()}) == ["plots/b.png"]

    def test_at_once(self, plots: MatplotlibDataset) -> None:
        """What is written again at once, with the same bytes, is logged."""
        figure = Figure()
        for _ in range(20):
            assert saved(plots, {"a.png": figure}) == ["plots/a.png"]

    def test_a_link_that_leads_nowhere(self, plots: MatplotlibDataset, tmp_path: Path) -> None:
        """It is passed over."""
        saved(plots, {"a.png": Figure()})
        try:
            (tmp_path / "plots" / "link").symlink_to(tmp_path / "nowhere")
        except OSError:  # Windows
            pytest.skip("no links here")
        assert saved(plots, {"b.png": Figure()}) == ["plots/b.png"]


class Table(AbstractDataset[Any, Any]):
    """A table of several files as Delta keeps it: a save adds data and a line of its log.

    Args:
        path: The folder.
        log: The folder of the log.
    """

    def __init__(self, path: str, log: str = "_delta_log") -> None:
        self._path = Path(path)
        self._log = log

    def save(self, data: Any) -> None:
        """Add rows."""
        log = self._path / self._log
        log.mkdir(parents=True, exist_ok=True)
        number = len(list(log.iterdir()))
        (self._path / f"part-{number}.parquet").write_text(str(data))
        (log / f"{number:05}.json").write_text(f"part-{number}.parquet")

    def load(self) -> Any:
        """Read all rows that the log lists."""
        log = sorted((self._path / self._log).iterdir())
        return [(self._path / entry.read_text()).read_text() for entry in log]

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}


class TestWhole:
    """Folders that can only be loaded whole."""

    def test_a_table(self, tmp_path: Path) -> None:
        """A later run has all of it, and can load it."""
        table = Table(str(tmp_path / "table"))
        assert saved(table, "one") == ["table/_delta_log/00000.json", "table/part-0.parquet"]
        assert saved(table, "two") == [
            "table/_delta_log/00000.json",
            "table/_delta_log/00001.json",
            "table/part-0.parquet",
            "table/part-1.parquet",
        ]

    @pytest.mark.parametrize("log", ["_delta_log", "metadata", "_versions"])
    def test_rows(self, tmp_path: Path, log: str) -> None:
        """So it is where its rows are given as a list, if its folder is that of a table."""
        table = Table(str(tmp_path / "table"), log)
        saved(table, [1, 2])
        assert len(saved(table, [3])) == 4

    def test_several_saves_of_a_run(self, tmp_path: Path) -> None:
        """A node that saves chunk by chunk logs all once, and then what is new."""
        table, logged = Table(str(tmp_path / "table")), dict[Path, FileStates]()
        table.save("of an earlier run")
        found = []
        for chunk in ("a", "b"):
            run = Told()
            before = before_save(table, chunk, logged)
            table.save(chunk)
            assert log_written(run, table, chunk, before, logged=logged)
            found.append(len(run.files()))
        assert found == [4, 2]

    def test_in_a_run(self, client: Any, store_uri: str, tmp_path: Path) -> None:
        """What a later run has of it in MLflow is loaded from there."""
        runs = [client.create_run("0").info.run_id for _ in range(2)]
        for number, run_id in enumerate(runs):
            table = Table(str(tmp_path / "table"))
            dataset = MLflowDataset(
                table, saving_run_id=run_id, saving_tracking_uri=store_uri, dataset_name="table"
            )
            dataset.save(number)
        place = client.download_artifacts(runs[1], "table")
        assert Table(place).load() == ["0", "1"]


class TestFiles:
    """Datasets that write one file."""

    def test_a_file(self, tmp_path: Path) -> None:
        """It is logged, each time."""
        dataset = JSONDataset(filepath=(tmp_path / "a.json").as_posix())
        assert [saved(dataset, 1) for _ in range(2)] == [["a.json"], ["a.json"]]

    def test_versions(self, tmp_path: Path) -> None:
        """The version that was written is logged, and no earlier one."""
        for version in ("1", "2"):
            dataset = JSONDataset(
                filepath=(tmp_path / "a.json").as_posix(), version=Version(None, version)
            )
            run, before = Told(), before_save(dataset, version)
            dataset.save(version)
            assert log_written(run, dataset, version, before)
            (entry,) = run.entries
            assert isinstance(entry, File)
            assert Path(entry.path) == tmp_path / "a.json" / version / "a.json"

    def test_a_version_of_a_folder(self, tmp_path: Path) -> None:
        """A version that is a folder is logged whole."""
        for version in ("1", "2"):
            dataset = MatplotlibDataset(
                filepath=(tmp_path / "plots").as_posix(), version=Version(None, version)
            )
            assert saved(dataset, {f"{version}.png": Figure()}) == [f"plots/{version}.png"]

    def test_remote(self) -> None:
        """A file elsewhere is not local, so it cannot be logged."""
        for dataset in (
            JSONDataset(filepath="memory:///written/a.json"),
            PartitionedDataset(path="memory:///written/parts", dataset="json.JSONDataset"),
        ):
            before = before_save(dataset, {"a": 1})
            dataset.save({"a": 1})
            assert not log_written(Told(), dataset, {"a": 1}, before)
