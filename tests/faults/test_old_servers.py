"""A real server of MLflow 2, which has neither logged models nor links to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.registration import Promotion
from mlflow_on_kedro.datasets.model_dataset import MLflowModelDataset
from mlflow_on_kedro.models.registry import register_models
from mlflow_on_kedro.tracking import capabilities

from .old_mlflow import python_with
from .project import FaultProject
from .server import served
from .test_models import CATALOG, PIPELINE
from .trained import loads_runs_uri, run_with_model, warnings

REQUIREMENTS = ("mlflow==2.22.2", "sqlalchemy<2.1", "setuptools<81")

pytestmark = [
    pytest.mark.slow,  # it installs another MLflow
    pytest.mark.skipif(
        sys.version_info >= (3, 14), reason="MLflow 2.22 has no packages for this Python"
    ),
]


@pytest.fixture(scope="module")
def old_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of MLflow 2.22.2."""
    try:
        python = python_with(*REQUIREMENTS)
    except RuntimeError as error:
        pytest.skip(f"MLflow 2.22.2 cannot be installed here: {error}")
    folder = tmp_path_factory.mktemp("old")
    options = ["--backend-store-uri", f"sqlite:///{(folder / 'mlflow.db').as_posix()}"]
    options += ["--artifacts-destination", (folder / "artifacts").as_uri()]
    environment = {name: os.environ[name] for name in os.environ if "MLFLOW" not in name}
    with served(options, environment, folder, python) as uri:
        yield uri


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    capabilities.forget()


def test_a_model(old_server: str, model_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is an artifact of its run, registered, promoted and loaded by whatever names it."""
    for f1 in (0.5, 0.7):
        client, run_id = run_with_model(
            old_server, model_folder, "old", f1=f1, promote=Promotion("champion", "f1")
        )
        register_models(client, run_id, old_server)
        register_models(client, run_id, old_server)
    assert client.get_registered_model("old").aliases == {"champion": "2"}
    assert len(client.search_model_versions("name = 'old'")) == 2
    for words in (
        {"run_id": run_id},
        {"model_uri": f"runs:/{run_id}/model"},
        {"model_uri": "models:/old@champion"},
    ):
        dataset = MLflowModelDataset(dataset_name="model", tracking_uri=old_server, **words)
        assert dataset.exists()
        assert dataset.load().predict([[1.0]]).tolist() == [1]
    assert loads_runs_uri(old_server, run_id)
    (message,) = warnings(caplog)
    assert "has no logged models (MLflow 3)" in message


def test_a_pipeline(make_fault_project: Callable[..., FaultProject], old_server: str) -> None:
    """The run ends, with its model, which is registered and promoted; one warning."""
    project = make_fault_project(old_server, PIPELINE, catalog=CATALOG, parameters={})
    project.server = old_server
    run = project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    assert "has no logged models (MLflow 3)" in run.said
    found: Any = project.run
    assert found.info.status == "FINISHED", run.said
    assert project.journals == []
    version = project.client.get_model_version_by_alias("from_faults", "champion")
    assert version.source == f"{found.info.artifact_uri}/model"
    assert version.run_id == found.info.run_id
