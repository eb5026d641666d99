"""Options of ``kedro run`` that change what is configured, or what runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

NODES = """
from kedro.pipeline import node, pipeline

def make(n):
    return {"n": n}

def use(report):
    return report["n"] / 2

def create_pipeline():
    return pipeline([
        node(make, "params:n", "report", name="make"), node(use, "report", "score", name="use"),
    ])
"""
CATALOG = {
    "report": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "json"},
    "score": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
}


@pytest.fixture
def project(make_project: Any) -> Any:
    """A project with an environment that tracks to another experiment."""
    project = make_project(NODES, catalog=CATALOG, parameters={"n": 1})
    project.write("conf/prod/mlflow.yml", "experiment: {name: production}\nrun: {name: nightly}\n")
    project.write("conf/prod/parameters.yml", "n: 8\n")
    return project


def run(project: Any, *options: str) -> None:
    """Run the pipeline by the command."""
    done = project.kedro("run", *options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_env(project: Any) -> None:
    """``--env`` takes mlflow.yml and parameters of that environment, over those of base."""
    run(project, "--env=prod")
    (found,) = project.runs("production")
    assert found.info.run_name == "nightly"
    assert found.data.params == {"n": "8"}
    assert found.data.metrics["score"] == 4
    assert found.data.tags["kedro_command"] == "kedro run --env=prod"
    assert project.runs() == []


@pytest.mark.parametrize("kind", ["folder", pytest.param("zip", marks=pytest.mark.slow), "gztar"])
def test_conf_source(project: Any, tmp_path: Path, kind: str) -> None:
    """``--conf-source`` takes mlflow.yml from there too: a folder, a zip or a tar.gz."""
    base = tmp_path / "sources" / "conf"
    shutil.move(project.root / "conf", base)
    (base / "base" / "mlflow.yml").write_text(
        "experiment: {name: packed}\nprovenance: {enabled: false}\n"
    )
    source = str(base)
    if kind != "folder":
        source = shutil.make_archive(str(tmp_path / "packed"), kind, base.parent, "conf")
    run(project, f"--conf-source={source}")
    (found,) = project.runs("packed")
    assert found.info.status == "FINISHED"
    assert found.data.params == {"n": "1"}
    assert found.data.metrics["score"] == 0.5
    assert project.artifacts(found.info.run_id) == {
        "report.json",
        "gantt.html",
        "kedro/timeline.json",
    }
    assert f"--conf-source={source}" in found.data.tags["kedro_command"]


def test_only_missing_outputs(project: Any) -> None:
    """``--only-missing-outputs`` runs what is missing, on files that earlier runs have left."""
    run(project)
    (project.root / "data/mlflow/score.pkl").unlink()
    project.write("data/mlflow/report.json", '{"n": 20}')
    run(project, "--only-missing-outputs")
    second, first = project.runs()
    assert (first.data.metrics["score"], second.data.metrics["score"]) == (0.5, 10)
    assert "system/time/make" not in second.data.metrics
    assert second.data.tags["kedro_command"] == "kedro run --only-missing-outputs"
    assert second.info.status == "FINISHED"
