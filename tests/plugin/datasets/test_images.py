"""Pictures by step: what MLflow's UI shows, and what is loaded back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import yaml
from kedro.io import DatasetError
from matplotlib.figure import Figure
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.datasets import images
from PIL import Image

NODES = """
from kedro.pipeline import node, pipeline
from PIL import Image

def train():
    for epoch in (0, 5):
        yield {epoch: Image.new("RGB", (8, 4), (epoch, 0, 0))}

def look(samples):
    return {step: picture.getpixel((0, 0))[0] for step, picture in samples.items()}

def create_pipeline():
    return pipeline([
        node(train, None, "samples", name="train"),
        node(look, "samples", "seen", name="look"),
    ])
"""
ENTRY = {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "images"}
SEEN = {"type": "json.JSONDataset", "filepath": "seen.json"}


def of_mlflow(client: Any, run_id: str) -> list[tuple[str, str]]:
    """The key and the step of each picture as the MLflow UI reads them from the files' names."""
    names = [Path(item.path).name for item in client.list_artifacts(run_id, "images")]
    parts = [name.replace("%", "+").split("+") for name in names]
    assert all(part[1] == "step" and part[3] == "timestamp" for part in parts)
    return sorted((part[0], part[2]) for part in parts)


def test_a_run(make_project: Callable[..., Any]) -> None:
    """A generator node's pictures are in the run as `log_image` puts them, and come back."""
    project = make_project(NODES, catalog={"samples": ENTRY, "seen": SEEN})
    for _ in range(2):
        project.session_run()
    newest = project.runs()[0]
    assert yaml.safe_load((project.root / "seen.json").read_text()) == {"0": 0, "5": 5}
    pairs = [("samples", step) for step in "0055"]
    assert of_mlflow(project.client, newest.info.run_id) == pairs
    mlflow.set_tracking_uri(project.uri)
    with mlflow.start_run() as run:
        for step in (0, 5):
            mlflow.log_image(Image.new("RGB", (8, 4)), key="samples", step=step)
    assert of_mlflow(project.client, run.info.run_id) == pairs
    own = project.client.get_run(run.info.run_id).data.tags[images.TAG]
    assert newest.data.tags[images.TAG] == own
    again = MLflowDataset(
        "images",
        dataset_name="samples",
        loading_run_id=newest.info.run_id,
        loading_tracking_uri=project.uri,
    )
    assert list(again.load()) == [0, 5]


def test_steps_go_on(tmp_path: Path) -> None:
    """Pictures without a step get the next one, and a new dataset begins anew."""
    place = (tmp_path / "x/images").as_posix()
    series = images.ImageSeries(place, "x/y@z")
    white = np.ones((2, 2, 3))
    series.save([white, white])
    drawing = Figure(figsize=(1, 1), dpi=50)
    series.save(drawing)
    series.save({7: np.ones((2, 2, 1))})
    series.save(Image.new("L", (3, 3)))
    assert {step: item.size[0] for step, item in series.load().items()} == {
        0: 2,
        1: 2,
        2: 50,
        7: 2,
        8: 3,
    }
    anew = images.ImageSeries(place, "x/y@z")
    anew.save(white)
    assert list(anew.load()) == [0]


def test_names_that_mlflow_does_not_allow(tmp_path: Path) -> None:
    """Two series whose names are in Japanese stay two."""
    place = (tmp_path / "images").as_posix()
    first, second = images.ImageSeries(place, "画像"), images.ImageSeries(place, "写真")
    first.save([np.ones((2, 2)), np.ones((2, 2))])
    second.save(np.ones((3, 3)))
    assert {step: item.size[0] for step, item in first.load().items()} == {0: 2, 1: 2}
    assert list(second.load()) == [0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"first": 1}, "a step is a whole number from 0 on, not 'first'"),
        ({-1: 1}, "a step is a whole number from 0 on, not -1"),
        ("x", "saves Pillow images, NumPy arrays and Matplotlib figures, not <class 'str'>"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, value: Any, message: str) -> None:
    """It is said, and what was there before stays."""
    place = (tmp_path / "images").as_posix()
    images.ImageSeries(place, "x").save(np.ones((2, 2)))
    series = images.ImageSeries(place, "x")
    with pytest.raises(DatasetError, match=message):
        series.save(value)
    assert list(series.load()) == [0]


@pytest.mark.parametrize("place", ["data/samples", "s3://bucket/images"])
def test_another_folder(place: str) -> None:
    """The folder has the name that MLflow looks for, and is a local one."""
    with pytest.raises(DatasetError, match="needs a local folder that is named 'images'"):
        images.ImageSeries(place, "x")


def test_a_folder_among_the_artifacts() -> None:
    """The MLflow UI would not show pictures elsewhere."""
    with pytest.raises(DatasetError, match="dataset: images takes no `artifact_path`"):
        MLflowDataset("images", artifact_path="deep")
