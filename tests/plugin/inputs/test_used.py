"""What a pipeline takes from outside, as an entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import MemoryDataset
from kedro_datasets.pandas import CSVDataset, SQLTableDataset
from mlflow.utils import validation
from mlflow_on_kedro.inputs import schema as input_schema
from mlflow_on_kedro.inputs import source as input_source
from mlflow_on_kedro.inputs import used as inputs
from mlflow_on_kedro.journal.entries import Input

FRAME = pd.DataFrame({"a": [1.0]})


def used(dataset: Any, data: Any, root: Path, **named: Any) -> Input | None:
    """Describe a dataset."""
    given = {"name": "x", "context": "n", "max_bytes": 1000, **named}
    return inputs.used(given.pop("name"), dataset, data, root=root, **given)


@pytest.fixture
def csv(tmp_path: Path) -> CSVDataset:
    """A dataset with a file."""
    dataset = CSVDataset(filepath=(tmp_path / "a.csv").as_posix())
    dataset.save(FRAME)
    return dataset


def test_limits() -> None:
    """The limits are MLflow's own."""
    assert inputs.MAX_NAME_LENGTH == validation.MAX_DATASET_NAME_SIZE
    assert inputs.DIGEST_LENGTH <= validation.MAX_DATASET_DIGEST_SIZE
    assert input_source.MAX_LENGTH == validation.MAX_DATASET_SOURCE_SIZE
    assert input_schema.MAX_LENGTH == validation.MAX_DATASET_SCHEMA_SIZE
    assert validation.MAX_INPUT_TAG_VALUE_SIZE >= inputs.MAX_NAME_LENGTH


def test_transcoding(tmp_path: Path, csv: CSVDataset) -> None:
    """Both sides of a transcoded dataset are one."""
    found = used(csv, FRAME, tmp_path, name="x@pandas")
    assert found is not None
    assert found.name == "x"


def test_the_place_is_part_of_the_digest(tmp_path: Path, csv: CSVDataset) -> None:
    """The same bytes at another place have another digest, and the same checksum."""
    there = CSVDataset(filepath=(tmp_path / "b.csv").as_posix())
    there.save(FRAME)
    here, elsewhere = used(csv, FRAME, tmp_path), used(there, FRAME, tmp_path)
    assert here is not None
    assert elsewhere is not None
    assert here.digest != elsewhere.digest
    assert json.loads(here.profile)["sha256"] == json.loads(elsewhere.profile)["sha256"]


def test_what_the_ui_does_not_show(tmp_path: Path) -> None:
    """A source that MLflow's UI does not show is in the profile, which it does."""
    dataset = SQLTableDataset(table_name="t", credentials={"con": "sqlite:///a.db"})
    found = used(dataset, FRAME, tmp_path)
    assert found is not None
    assert json.loads(found.profile)["source"] == "t sqlite:///a.db"


def test_memory(tmp_path: Path) -> None:
    """A table in memory is described, a number is not."""
    assert used(MemoryDataset(FRAME), FRAME, tmp_path) is not None
    assert used(MemoryDataset(1), 1, tmp_path) is None


def test_a_dataset_that_fails(
    tmp_path: Path, csv: CSVDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that cannot say where it is is described without that."""
    monkeypatch.setattr(csv, "_describe", lambda: 1 / 0)
    found = used(csv, FRAME, tmp_path)
    assert found is not None
    assert json.loads(found.source) == {"tags": {"kedro.dataset": "CSVDataset"}}


@pytest.mark.parametrize("part", ["shape_of", "fingerprint"])
def test_data_that_cannot_be_described(
    tmp_path: Path, csv: CSVDataset, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """What cannot be told of strange data is left out, and the rest is there."""
    monkeypatch.setattr(inputs, part, lambda *_: 1 / 0)
    found = used(csv, FRAME, tmp_path)
    assert found is not None
    assert json.loads(found.source) == {"uri": "a.csv"}
    assert bool(found.schema) is (part == "fingerprint")
    assert json.loads(found.profile)["digest_of"] == (
        "source" if part == "fingerprint" else "content"
    )
