"""What of a session goes into MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import node, pipeline
from mlflow_on_kedro.compat.kedro_viz.dataset_types import without_kedro_datasets
from mlflow_on_kedro.compat.kedro_viz.session_content import SessionContent, tags_of
from mlflow_on_kedro.compat.kedro_viz.sessions import Session
from mlflow_on_kedro.compat.kedro_viz.tracked_files import TrackedFiles
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

from .old_sessions import FIRST, record, save


def test_secrets() -> None:
    """Secrets among the parameters of the command are in no tag."""
    content = record(FIRST, extra_params={"db": {"password": "hunter2"}, "depth": 3})
    command = "kedro run --params=db.password:hunter2,depth:3 --env=prod"
    content["cli"] = {**content["cli"], "command_path": command}
    tags = tags_of(Session(FIRST, content, notes="password=hunter3"), "wine")
    assert "hunter" not in str(tags)
    assert tags["kedro_command"] == "kedro run --params=db.password:***,depth:3 --env=prod"
    assert tags["kedro.runtime_params"] == {"db": {"password": "***"}, "depth": 3}


@pytest.mark.parametrize(
    "content", [{}, {"cli": None, "git": "x", "exception": []}, {"cli": {"params": None}}]
)
def test_a_record_with_little(content: dict[str, Any]) -> None:
    """Without a record, the run has the tags of its origin alone."""
    assert set(tags_of(Session(FIRST, content), "wine")) == {
        *("kedro.imported_from", "mlflow.source.name", "mlflow.source.type"),
    }


def test_files(tmp_path: Path) -> None:
    """A JSON file is read as its dataset's kind; without one its content tells."""
    save(tmp_path / "m.json", FIRST, {"f1": 0.5})
    save(tmp_path / "c.json", FIRST, {"f1": 1})
    save(tmp_path / "p.json", FIRST, {"data": [], "layout": {}})
    broken = save(tmp_path / "b.json", FIRST, "no JSON")
    files = [TrackedFiles(name, tmp_path / f"{name}.json") for name in "mcpbx"]
    found = SessionContent.read(Session(FIRST), files)
    assert [(name, kind) for name, kind, _ in found.values] == [("m", "metrics"), ("c", "json")]
    assert [name for name, _ in found.files] == ["p"]
    assert [problem.split(" is left out")[0] for problem in found.problems] == [str(broken)]
    assert not found.is_empty
    assert SessionContent(Session(FIRST)).is_empty


def test_datasets(tmp_path: Path) -> None:
    """The datasets work as Kedro's did, in factories too, and the pipeline knows their kinds."""
    config = {
        "{name}_metrics": {
            "type": "tracking.MetricsDataset",
            "filepath": f"{tmp_path.as_posix()}/{{name}}.json",
        },
        "notes": {"type": "tracking.JSONDataSet", "filepath": f"{tmp_path.as_posix()}/notes.json"},
    }
    entries = {name: dict(without_kedro_datasets(entry)) for name, entry in config.items()}
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
