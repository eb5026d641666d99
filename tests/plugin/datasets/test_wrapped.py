"""What Kedro-Viz reads of an MLflow dataset: that of the dataset inside."""

from __future__ import annotations

import base64
import inspect
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import plotly.graph_objects as go
import pytest
from kedro.io import MemoryDataset, Version
from kedro_datasets.pandas import CSVDataset
from mlflow_on_kedro import MLflowDataset, MLflowModelDataset

FRAME = pd.DataFrame({"a": range(9), "b": list("abcdefghi")})
FIRST = {"index": [0, 1], "columns": ["a", "b"], "data": [[0, "a"], [1, "b"]]}
PNG = b"\x89PNG"


def type_of(dataset: Any) -> str:
    """The type of the preview, as Kedro-Viz finds it."""
    annotation = inspect.signature(dataset.preview).return_annotation
    return getattr(annotation, "__name__", str(annotation))


@pytest.mark.parametrize(
    ("dataset", "file"),
    [
        ("csv", "x.csv"),
        ("parquet", "x.parquet"),
        ("jsonl", "x.jsonl"),
        ("table", "x.json"),
        ({"type": "pandas.CSVDataset"}, "x.csv"),
    ],
)
def test_tables(dataset: Any, file: str, tmp_path: Path) -> None:
    """A table has a preview of its first rows; how many is an argument, as in the catalog."""
    found = MLflowDataset(dataset, tmp_path / file, "x")
    found.save(FRAME)
    assert type_of(found) == "TablePreview"
    assert found.preview(nrows=2) == FIRST
    assert len(found.preview()["data"]) == 5


def test_other_previews(tmp_path: Path) -> None:
    """JSON, figures of Plotly and pictures are drawn as such."""
    data = MLflowDataset("json", tmp_path / "x.json", "x")
    data.save({"a": 1})
    assert (type_of(data), data.preview()) == ("JSONPreview", '{"a": 1}')

    chart = MLflowDataset("plotly", tmp_path / "chart.json", "x")
    chart.save(go.Figure(go.Bar(y=[2])))
    assert type_of(chart) == "PlotlyPreview"
    assert chart.preview()["data"][0]["y"] == [2]

    figure, _ = plt.subplots()
    for dataset, value in (("png", figure), ("confusion_matrix", ([0, 1], [0, 1]))):
        picture = MLflowDataset(dataset, tmp_path / "x.png", "x")
        picture.save(value)
        assert type_of(picture) == "ImagePreview"
        assert base64.b64decode(picture.preview()).startswith(PNG)
    plt.close(figure)


@pytest.mark.parametrize("dataset", ["pkl", "txt", "html", "images", "m", "p", "a", None])
def test_without_preview(dataset: Any, tmp_path: Path) -> None:
    """What wraps a dataset without preview looks like one."""
    assert not hasattr(MLflowDataset(dataset, tmp_path / "images", "x"), "preview")


def test_datasets_that_cannot_be_made() -> None:
    """Without a name, a file or a known class there is no preview, and no error."""
    assert not hasattr(MLflowDataset("csv"), "preview")
    assert not hasattr(MLflowDataset({"type": "pandas.NoDataset"}, "x.csv", "x"), "preview")
    unsaved = MLflowDataset("png", "no/x.png", "x", version=Version(None, None))
    assert not hasattr(unsaved, "preview")
    assert not hasattr(MLflowDataset(MemoryDataset(), dataset_name="x"), "preview")
    assert not hasattr(MLflowModelDataset("sklearn"), "preview")


def test_versions(tmp_path: Path) -> None:
    """The preview is that of the newest version."""
    for save, frame in (("1", FRAME.tail(2)), ("2", FRAME)):
        MLflowDataset("csv", tmp_path / "x.csv", "x", version=Version(None, save)).save(frame)
    found = MLflowDataset("csv", tmp_path / "x.csv", "x", version=Version(None, None))
    assert found.preview(nrows=2) == FIRST


def test_another_run(
    tmp_path: Path, store_uri: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The preview of another run's value is asked of MLflow when it is drawn, not before."""
    experiment = client.create_experiment("x", artifact_location=(tmp_path / "art").as_uri())
    run_id = client.create_run(experiment).info.run_id
    client.log_text(run_id, FRAME.to_csv(index=False), "x.csv")
    found = MLflowDataset(
        "csv", dataset_name="x", loading_run_id=run_id, loading_tracking_uri=store_uri
    )
    found.bind("x", tmp_path, store_uri)
    with monkeypatch.context() as patch:
        patch.setattr(MLflowDataset, "file_dataset", lambda _: pytest.fail("it asked MLflow"))
        assert type_of(found) == "TablePreview"
    assert found.preview(nrows=2) == FIRST


def test_paths_and_metadata(tmp_path: Path) -> None:
    """The path and metadata of the dataset inside are those of the whole, unless it has its own."""
    layer, other = {"kedro-viz": {"layer": "raw"}}, {"owner": "Zoë"}
    entry = {"type": "pandas.CSVDataset", "filepath": "data/a.csv", "metadata": layer}
    inside = CSVDataset(filepath=str(tmp_path / "a.csv"), metadata=layer)
    for dataset, path in ((entry, "data/a.csv"), (inside, (tmp_path / "a.csv").as_posix())):
        found: Any = MLflowDataset(dataset)
        assert found._filepath == found._describe()["filepath"] == path
        assert found.metadata == layer
        assert MLflowDataset(dataset, metadata=other).metadata == other
    folder = {"type": "partitions.PartitionedDataset", "path": "data/p", "dataset": "text"}
    assert MLflowDataset(folder)._describe()["filepath"] == "data/p"
    assert MLflowDataset("csv", "b.csv")._filepath == "b.csv"
    assert MLflowDataset("m").metadata is MLflowDataset("m")._filepath is None
