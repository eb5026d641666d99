"""The local file of a value that MLflow itself holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro_datasets.pickle import PickleDataset
from mlflow_on_kedro.datasets.value_file import ValueFile


def test_as_kedro_writes_it(tmp_path: Path) -> None:
    """Kedro's own pickle dataset loads what it saves, and the other way round."""
    path = tmp_path / "new" / "folders" / "score.pkl"
    ValueFile(path).save({"f1": 0.9})
    kedros = PickleDataset(filepath=str(path))
    assert kedros.load() == {"f1": 0.9}
    kedros.save("text")
    assert ValueFile(path).load() == "text"


def test_exists(tmp_path: Path) -> None:
    """It exists once it is saved."""
    file = ValueFile(tmp_path / "score.pkl")
    assert not file.exists()
    file.save(1)
    assert file.exists()


def test_a_shorter_value(tmp_path: Path) -> None:
    """Nothing of a longer value before it is left."""
    file = ValueFile(tmp_path / "text.pkl")
    file.save("long" * 100)
    file.save("short")
    assert file.load() == "short"


def test_what_cannot_be_pickled(tmp_path: Path) -> None:
    """A value that cannot be pickled leaves the file as it was."""
    file = ValueFile(tmp_path / "text.pkl")
    file.save("before")
    with pytest.raises((AttributeError, TypeError)):
        file.save(lambda: None)
    assert file.load() == "before"
