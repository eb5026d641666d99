"""The tracking datasets that kedro-datasets 7 removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.compat.kedro_viz.catalog_entries import translated
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo


def test_datasets(tmp_path: Path) -> None:
    """The datasets work as Kedro's did, in factories too, and the pipeline knows their kinds."""
    config = {
        "{name}_metrics": {
            "type": "tracking.MetricsDataset",
            "filepath": f"{tmp_path.as_posix()}/{{name}}.json",
        },
        "notes": {"type": "tracking.JSONDataSet", "filepath": f"{tmp_path.as_posix()}/notes.json"},
    }
    entries = {name: translated(name, entry).entry for name, entry in config.items()}
    catalog = DataCatalog.from_config(entries)
    nodes = [node(len, "x", "test_metrics", name="a"), node(len, "x", "notes", name="b")]
    info = PipelineInfo.from_pipeline(pipeline(nodes), catalog)
    assert info.tracking_kinds == {"test_metrics": "metrics", "notes": "json"}
    dataset: Any = catalog.get("test_metrics")
    dataset.save({"f1": "0.5"})
    assert dataset.load() == {"f1": 0.5}
    (version,) = (tmp_path / "test.json").iterdir()
    assert (version / "test.json").is_file()
    with pytest.raises(DatasetError, match="takes a dict of numbers"):
        dataset.save({"f1": "high"})
