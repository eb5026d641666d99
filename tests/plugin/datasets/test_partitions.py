"""The files of Kedro's partitioned datasets."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro.io import CachedDataset, MemoryDataset
from kedro_datasets.json import JSONDataset
from kedro_datasets.partitions import IncrementalDataset, PartitionedDataset
from mlflow_on_kedro.datasets import partitions
from mlflow_on_kedro.datasets.partitions import belongs_to, is_partitioned, partition_names


class Own(PartitionedDataset):
    """A dataset of a user's own."""


@pytest.mark.parametrize("kind", [PartitionedDataset, IncrementalDataset, Own])
def test_names_are_those_of_the_files(tmp_path: Path, kind: type[PartitionedDataset]) -> None:
    """Where Kedro writes a partition is where it is looked for."""
    dataset = kind(path=str(tmp_path), dataset="json.JSONDataset", filename_suffix=".json")
    data = {"b": 1, "deep/a": 2}
    dataset.save(data)
    assert is_partitioned(dataset)
    names = partition_names(dataset, data)
    assert names == ("b.json", "deep/a.json")
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {tmp_path / name for name in names}
    assert partition_names(CachedDataset(dataset), data) == names


def test_others(tmp_path: Path) -> None:
    """Other datasets have none."""
    for dataset in (MemoryDataset(), JSONDataset(filepath=str(tmp_path / "a.json"))):
        assert not is_partitioned(dataset)
        assert partition_names(dataset, {"a": 1}) is None


def test_one_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of files, only those that begin like a partition are looked at closer."""
    seen: list[str] = []

    def watched(file: str, names: set[str]) -> bool:
        seen.append(file)
        return belongs_to(file, names)

    monkeypatch.setattr(partitions, "belongs_to", watched)
    dataset = PartitionedDataset(path=str(tmp_path), dataset="json.JSONDataset")
    dataset.save({f"deep/{number}.json": number for number in range(20)})
    (tmp_path / "deep/7.shx").touch()
    found = partitions.partition_files(tmp_path, dataset, {"deep/7": 7})
    assert {path.name for path in found} == {"7.json", "7.shx"}
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("file", "partition", "expected"),
    [
        ("a.csv", "a.csv", True),
        ("a.csv/2024/a.csv", "a.csv", True),
        ("deep/a.csv.crc", "deep/a.csv", True),
        ("a.shx", "a", True),
        ("a.b.csv", "a.b", True),
        ("ab.csv", "a", False),
        ("other/a.csv", "a.csv", False),
    ],
)
def test_belongs_to(file: str, partition: str, expected: bool) -> None:
    """A partition's versions and what lies beside it under its name are part of it."""
    assert belongs_to(file, {partition}) is expected
