"""What a run's description is made of."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.config.sections import Config
from mlflow_on_kedro.hooks import summary
from mlflow_on_kedro.hooks.base import PipelineRun
from mlflow_on_kedro.tracking.summary import UsedDataset
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo


def test_very_many_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are counted, but only the first have their places, which take time to find."""
    monkeypatch.setattr(summary, "_PLACES", 2)
    catalog = DataCatalog.from_config(
        {
            name: {"type": "pandas.CSVDataset", "filepath": (tmp_path / name).as_posix()}
            for name in ("a", "b", "c", "d")
        }
    )
    every = pipeline([node(lambda x: (x, x, x), "a", ["b", "c", "d"], name="copy")])
    info = PipelineInfo.from_pipeline(every, catalog)
    run: Any = SimpleNamespace(pipeline_info=info, root=tmp_path, config=Config())
    found = summary.summary_of(PipelineRun(run, {}, every, catalog), "kedro run")
    assert list(found.datasets) == [
        UsedDataset("a", "a"),
        UsedDataset("b", "b", node="copy"),
        UsedDataset("c", "c", node="copy"),
        UsedDataset("d", node="copy"),
    ]
