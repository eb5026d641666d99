"""What Kedro does not document is as the plugin expects it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kedro.framework import project
from kedro.io import CachedDataset, MemoryDataset
from kedro.pipeline import node
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import CSVDataset, SQLTableDataset
from kedro_datasets.partitions import PartitionedDataset
from mlflow_on_kedro.utils import kedro_internals

CSV = CSVDataset(filepath="data/a.csv", save_args={"index": False})


def test_description() -> None:
    """A dataset describes its path."""
    assert str(kedro_internals.description_of(CSV)["filepath"]).endswith("data/a.csv")


def test_configuration() -> None:
    """A dataset has the arguments that it was created with."""
    found = kedro_internals.configuration_of(CSV)
    assert (found["filepath"], found["save_args"]) == ("data/a.csv", {"index": False})


def test_unwrapped() -> None:
    """A cached dataset has its inner one."""
    assert kedro_internals.unwrapped(CachedDataset(CachedDataset(CSV))) is CSV
    assert kedro_internals.unwrapped(CSV) is CSV


def test_files() -> None:
    """A dataset of a file has path, protocol and file system."""
    assert str(kedro_internals.filepath_of(CSV)).endswith("data/a.csv")
    assert kedro_internals.protocol_of(CSV) == "file"
    assert "file" in kedro_internals.filesystem_of(JSONDataset(filepath="a.json")).protocol
    partitions = PartitionedDataset(path="data", dataset=CSVDataset, filename_suffix=".csv")
    assert kedro_internals.filesystem_of(partitions) is not None
    assert kedro_internals.filename_suffix_of(partitions) == ".csv"
    assert kedro_internals.filename_suffix_of(CSV) == ""


def test_database() -> None:
    """A dataset of a database has its connection string."""
    pytest.importorskip("sqlalchemy")
    table = SQLTableDataset(table_name="a", credentials={"con": "sqlite:///a.db"})
    assert kedro_internals.connection_of(table) == "sqlite:///a.db"
    assert kedro_internals.connection_of(CSV) is None


def test_memory() -> None:
    """Only datasets in memory are ephemeral."""
    assert kedro_internals.is_in_memory(MemoryDataset())
    assert not kedro_internals.is_in_memory(CSV)
    assert not kedro_internals.is_in_memory(None)


@pytest.mark.parametrize(
    ("inputs", "outputs"), [("a", "b"), (["a"], ["b"]), ({"x": "a"}, {"y": "b"}), (None, "b")]
)
def test_arguments(inputs: Any, outputs: Any) -> None:
    """A node has its inputs and outputs as they were given."""
    made = node(lambda x=1: {"y": x}, inputs, outputs, name="n")
    assert kedro_internals.arguments_of(made) == (inputs, outputs)


def test_settings(make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a package are read, and the package that Kedro has bootstrapped is known."""
    made = make_project("def create_pipeline(): ...", settings="HOOKS = ('mine',)\n")
    made.context()
    assert kedro_internals.package_name() == made.package == project.PACKAGE_NAME
    monkeypatch.setattr(project, "PACKAGE_NAME", None)
    kedro_internals.read_settings(made.package)
    assert tuple(project.settings.HOOKS) == ("mine",)
