"""What version 0.1.0 has left is read: its journals, and its runs in a store."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result
from mlflow_on_kedro import MLflowDataset

from tests.gantt_pages import spans

JOURNAL = Path(__file__).parent / "version_0_1_0" / "journal"
"""A run of the starter's example, offline."""
ID = "b37d82a7b25dd9e2b4c8e11b"
NODES = """
from kedro.pipeline import pipeline

def create_pipeline():
    return pipeline([])
"""


def command(project: Any, *words: str) -> Result:
    """Run a ``kedro mlflow`` command in a project."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    bootstrap_project(project.root)
    metadata = SimpleNamespace(project_path=project.root, package_name=project.package)
    result = CliRunner().invoke(cli, ["mlflow", *words], obj=metadata)
    assert result.exit_code == 0, result.output
    return result


def test_a_run(make_project: Any) -> None:
    """It is listed, delivered whole, drawn again from its metrics, and loaded from."""
    project = make_project(NODES)
    journals = project.root / ".mlflow_on_kedro" / "journal"
    shutil.copytree(JOURNAL, journals / ID)
    assert ID[:8] in command(project, "status").output
    command(project, "sync")
    assert not (journals / ID).exists()

    client = project.client
    (run,) = client.search_runs([client.get_experiment_by_name("old").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.tags["kedro_command"] == "kedro run"
    assert run.data.params["model.C"] == "1.0"
    assert run.data.metrics["split_sizes.train"] == 124
    assert run.data.metrics["time/pipeline"] > 0
    names = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"typical_wines.json", "wines.parquet", "gantt.html"} <= names
    # MLflow 3.1 has no outputs in what it has searched for.
    (output,) = client.get_run(run.info.run_id).outputs.model_outputs
    assert client.get_logged_model(output.model_id).name == "approved_model"

    command(project, "gantt", run.info.run_id, "-o", "again.html")
    page = (project.root / "again.html").read_text(encoding="utf-8")
    bars = spans(page)
    assert {"clean_wines", "train_model"} <= {bar["label"] for bar in bars["run"]}
    assert bars["load"]
    dataset = MLflowDataset(dataset="json", loading_run_id=run.info.run_id)
    dataset.bind("typical_wines", project.root, f"sqlite:///{project.root}/mlflow.db", None)
    assert dataset.load()
