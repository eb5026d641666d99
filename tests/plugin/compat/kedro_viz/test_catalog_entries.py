"""Catalog entries of the tracking datasets as this plugin reads and writes them."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import DataCatalog
from mlflow_on_kedro.compat import JSONDataset, MetricsDataset
from mlflow_on_kedro.compat.kedro_viz.catalog_entries import translated
from mlflow_on_kedro.compat.kedro_viz.dataset_types import kind_of
from mlflow_on_kedro.datasets.catalog_entries import complete_entry

OURS = "mlflow_on_kedro.compat"
PATH = {"filepath": "data/09_tracking/m.json"}


@pytest.mark.parametrize(
    ("kind", "cls"),
    [
        ("tracking.MetricsDataset", MetricsDataset),
        ("tracking.MetricsDataSet", MetricsDataset),
        ("kedro_datasets.tracking.MetricsDataset", MetricsDataset),
        ("kedro.extras.datasets.tracking.MetricsDataSet", MetricsDataset),
        ("kedro_datasets.tracking.metrics_dataset.MetricsDataset", MetricsDataset),
        ("tracking.JSONDataset", JSONDataset),
        ("kedro.extras.datasets.tracking.json_dataset.JSONDataSet", JSONDataset),
        ("mlflow_on_kedro.compat.kedro_viz.datasets.JSONDataset", JSONDataset),
    ],
)
def test_spellings(kind: str, cls: Any) -> None:
    """Whatever the version, the entry is one of ours, which Kedro makes, and nothing else."""
    change = translated("m", {"type": kind, **PATH})
    assert change is not None
    assert change.entry == {"type": f"{OURS}.{cls.__name__}", **PATH}
    assert not change.notes
    assert translated("m", change.entry) is None
    entry = complete_entry("m", change.entry, lambda: "sqlite:///mlflow.db")
    assert type(DataCatalog.from_config({"m": entry}).get("m")) is cls
    assert kind_of(change.entry["type"]) == cls.tracking_kind


def test_other_arguments() -> None:
    """All other arguments stay, and the layer is where Kedro 1 and Kedro-Viz look for it."""
    given = {"versioned": True, "credentials": "s3", "fs_args": {"a": 1}}
    entry = {"type": "tracking.JSONDataSet", **PATH, **given, "layer": "tracking"}
    change = translated("m", entry)
    assert change is not None
    assert change.entry == {
        "type": f"{OURS}.JSONDataset",
        **PATH,
        **given,
        "metadata": {"kedro-viz": {"layer": "tracking"}},
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "plotly.JSONDataset", "filepath": "p.json", "versioned": True},
        {"type": "json.JSONDataset", "filepath": "p.json"},
        {"type": 1},
        {},
    ],
)
def test_others(entry: dict[str, Any]) -> None:
    """An entry of another class is none of ours to change."""
    assert translated("plot", entry) is None
