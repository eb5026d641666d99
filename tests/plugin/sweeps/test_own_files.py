"""Tests of a combination's own files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mlflow_on_kedro.sweeps.own_files import (
    is_in_memory,
    kept_entries,
    own_path,
    redirected,
    shared_places,
)
from mlflow_on_kedro.utils.catalog_files import entries_of

ROOT, FOLDER = Path("/project").absolute(), Path("/sweep/0001").absolute()

CATALOG: dict[str, Any] = {
    "raw": {"type": "pandas.CSVDataset", "filepath": "data/raw.csv"},
    "model": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "pkl", "filepath": "data/m.pkl"},
    "model_again": {"type": "pickle.PickleDataset", "filepath": "./data/m.pkl"},
    "parts": {
        "type": "partitions.PartitionedDataset",
        "path": str(ROOT / "data" / "parts"),
        "dataset": {"type": "json.JSONDataset"},
    },
    "wrapped": {"type": "CachedDataset", "dataset": {"type": "T", "filepath": "data/w.json"}},
    "{name}_table": {"type": "T", "filepath": "data/{name}.csv", "credentials": "secret_store"},
    "far": {"type": "T", "filepath": "s3://bucket/far.csv"},
    "sales": {"type": "pandas.SQLTableDataset", "table_name": "sales"},
    "here": {"type": "MemoryDataset"},
    "in_mlflow_only": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": None},
}


def _inside(*parts: str) -> str:
    return str(FOLDER.joinpath(*parts))


def test_redirected() -> None:
    """Each output's file, and another entry of the same file, is in the combination's folder."""
    found = redirected(CATALOG, ["model", "parts", "wrapped", "good_table", "here"], ROOT, FOLDER)
    assert found["model"]["filepath"] == _inside("data", "m.pkl")
    assert found["model"]["dataset"] == "pkl"
    assert found["model_again"]["filepath"] == _inside("data", "m.pkl")
    assert found["parts"]["path"] == _inside("data", "parts")
    assert found["wrapped"]["dataset"]["filepath"] == _inside("data", "w.json")
    assert found["good_table"]["filepath"] == _inside("data", "good.csv")
    assert found["good_table"]["credentials"] == "secret_store"
    assert found.keys() == {"model", "model_again", "parts", "wrapped", "good_table", "here"}
    assert CATALOG["model"]["filepath"] == "data/m.pkl", "the project's catalog is unchanged"


def test_inputs_stay() -> None:
    """What a combination only reads stays where it is, and so does what is not local."""
    found = redirected(CATALOG, ["far", "sales"], ROOT, FOLDER)
    assert found == {"far": CATALOG["far"], "sales": CATALOG["sales"]}


def test_outside_of_the_project() -> None:
    """Files of one name from two other folders do not meet."""
    paths = [own_path(f"{os.sep}{place}/x.csv", ROOT, FOLDER) for place in ("one", "two")]
    assert paths[0] != paths[1]
    assert all(path.startswith(_inside("outside")) for path in paths)
    assert own_path("../other/x.csv", ROOT, FOLDER).startswith(_inside("outside"))


def test_shared_places() -> None:
    """Outputs without a local file are named, with their place; those in memory are none."""
    names = ["far", "sales", "here", "in_mlflow_only", "model", "unlisted"]
    found = shared_places(entries_of(CATALOG, names))
    assert found == {"far": "s3://bucket/far.csv", "sales": "pandas.SQLTableDataset"}


def test_in_memory() -> None:
    """What the catalog does not list, or lists as in memory, has to be kept."""
    assert is_in_memory(None)
    assert [name for name, entry in CATALOG.items() if is_in_memory(entry)] == [
        "here",
        "in_mlflow_only",
    ]


def test_kept() -> None:
    """Names of datasets become names of files, which differ as the datasets' do."""
    entries = kept_entries(["a/b", "a_b", "../../x"], FOLDER)
    files = [Path(entry["filepath"]) for entry in entries.values()]
    assert len(set(files)) == 3
    assert {file.parent for file in files} == {FOLDER}
