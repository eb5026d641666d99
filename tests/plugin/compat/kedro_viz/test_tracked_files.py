"""The versioned files of tracking datasets, and what Kedro-Viz showed of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.compat.kedro_viz.dataset_types import CLASSES, kind_of
from mlflow_on_kedro.compat.kedro_viz.tracked_files import TrackedFiles, in_catalog, in_folder

from .old_sessions import FIRST, SECOND, save

METRICS = {"type": "tracking.MetricsDataset", "filepath": "data/09_tracking/m.json"}


@pytest.mark.parametrize(
    ("dataset_type", "kind"),
    [
        ("tracking.MetricsDataset", "metrics"),
        ("tracking.MetricsDataSet", "metrics"),
        ("kedro_datasets.tracking.metrics_dataset.MetricsDataset", "metrics"),
        ("kedro.extras.datasets.tracking.JSONDataSet", "json"),
        ("plotly.PlotlyDataSet", "plot"),
        ("kedro_datasets.plotly.JSONDataset", "plot"),
        ("matplotlib.MatplotlibWriter", "plot"),
        ("matplotlib.matplotlib_dataset.MatplotlibDataset", "plot"),
        *((path, kind) for kind, path in CLASSES.items()),
        ("mlflow_on_kedro.compat.kedro_viz.datasets.JSONDataset", "json"),
        ("json.JSONDataset", None),
        ("pandas.CSVDataset", None),
        (None, None),
    ],
)
def test_kinds(dataset_type: str | None, kind: str | None) -> None:
    """All spellings of a type are known."""
    assert kind_of(dataset_type) == kind


def test_in_catalog(tmp_path: Path) -> None:
    """Versioned datasets are found by their names, those of factories too; remote ones are said."""
    catalog: dict[str, Any] = {
        "scores": METRICS,
        "{model}.report": {"type": "tracking.JSONDataset", "filepath": "data/{model}/r.json"},
        "plot": {"type": "plotly.JSONDataset", "filepath": "p.json", "versioned": True},
        "unversioned": {"type": "plotly.JSONDataset", "filepath": "q.json"},
        "away": {"type": "tracking.JSONDataset", "filepath": "s3://bucket/a.json"},
        "other": {"type": "pandas.CSVDataset", "filepath": "x.csv", "versioned": True},
        "_anchor": "text",
    }
    save(tmp_path / "data/forest/r.json", FIRST, {})
    save(tmp_path / "data/tree/r.json", SECOND, {})
    found, (problem,) = in_catalog(catalog, tmp_path)
    assert found == [
        TrackedFiles("scores", tmp_path / "data/09_tracking/m.json", "metrics"),
        TrackedFiles("forest.report", tmp_path / "data/forest/r.json", "json"),
        TrackedFiles("tree.report", tmp_path / "data/tree/r.json", "json"),
        TrackedFiles("plot", tmp_path / "p.json", "plot"),
    ]
    assert problem.startswith("'away' is left out: its files are not on this machine.")
    assert found[1].sessions() == [FIRST]


def test_in_folder(tmp_path: Path) -> None:
    """In a folder, versioned JSON files and figures are found, and nothing else."""
    save(tmp_path / "a/scores.json", FIRST, {"f1": 0.5})
    save(tmp_path / "plot.png", FIRST, b"png")
    save(tmp_path / "model.pkl", FIRST, b"pickle")
    save(tmp_path / "other.json", "latest", {})
    (tmp_path / "plain.json").write_text("{}")
    found = list(in_folder(tmp_path))
    assert [(files.name, files.kind) for files in found] == [("scores", None), ("plot", "plot")]
