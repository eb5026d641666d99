"""A model registry on another HTTP server than the runs: models are brought there and loaded."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.datasets.model_dataset import MLflowModelDataset
from mlflow_on_kedro.models.registry import register_models
from mlflow_on_kedro.tracking import capabilities, store
from mlflow_on_kedro.utils import session_variables

from .gateway import Rule, gateway
from .project import FaultProject
from .server import Server, mlflow_server
from .test_models import CATALOG, PIPELINE
from .trained import run_with_model, warnings


@pytest.fixture(scope="module")
def registry(store_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A second server, which keeps the model registry."""
    place = tmp_path_factory.mktemp("registry")
    shutil.copy(store_template, place / "mlflow.db")
    with mlflow_server(place / "mlflow.db", place) as running:
        yield running


@pytest.fixture
def use_registry() -> Iterator[Callable[[str], None]]:
    """A function that sets where models are registered."""
    yield functools.partial(session_variables.use, {})
    session_variables.use({}, None)
    capabilities.forget()


def test_a_pipeline(
    make_fault_project: Callable[..., FaultProject], server: Server, registry: Server
) -> None:
    """A run's model is registered there with its alias, and loaded by it."""
    tracking = {"registry_uri": registry.uri}
    project = make_fault_project(
        server.uri, PIPELINE, catalog=CATALOG, parameters={}, tracking=tracking
    )
    run = project.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    client = mlflow.MlflowClient(registry.uri)
    version = client.get_model_version_by_alias("from_faults", "champion")
    assert version.run_id == project.run.info.run_id
    copy = client.get_logged_model(version.source.removeprefix("models:/"))
    assert (copy.name, copy.status.name) == ("model", "READY")
    catalog = {
        "f1": CATALOG["f1"],
        "model": {"type": CATALOG["model"]["type"], "model_uri": "models:/from_faults@champion"},
    }
    other = make_fault_project(
        server.uri, PIPELINE, catalog=catalog, parameters={}, tracking=tracking
    )
    loaded = other.kedro("run", "--nodes=evaluate")
    assert loaded.status == 0, loaded.said
    assert other.run.data.metrics["f1"] == 1.0


def test_again(
    server: Server, registry: Server, model_folder: Path, use_registry: Callable[[str], None]
) -> None:
    """A second delivery makes no second copy; the copy is a model as any other."""
    use_registry(registry.uri)
    client, run_id = run_with_model(server.uri, model_folder, "again", alias="newest")
    for _ in range(2):
        register_models(client, run_id, server.uri)
    (version,) = client.search_model_versions(f"run_id = '{run_id}'")
    there = mlflow.MlflowClient(registry.uri, registry.uri)
    name = client.get_experiment(client.get_run(run_id).info.experiment_id).name
    (copy,) = there.search_logged_models([there.get_experiment_by_name(name).experiment_id])
    assert version.source == f"models:/{copy.model_id}"
    mlflow.set_tracking_uri(registry.uri)
    assert mlflow.sklearn.load_model("models:/again@newest").predict([[1.0]]).tolist() == [1]
    dataset = MLflowModelDataset(
        dataset_name="model", model_uri="models:/again@newest", tracking_uri=server.uri
    )
    assert dataset.exists()
    assert dataset.load().predict([[1.0]]).tolist() == [1]


def test_one_server_by_two_names(
    server: Server, model_folder: Path, use_registry: Callable[[str], None]
) -> None:
    """A registry that is the same server by another address gets no copy."""
    with gateway(server.uri) as other:
        use_registry(other.uri)
        client, run_id = run_with_model(server.uri, model_folder, "two_names")
        register_models(client, run_id, server.uri)
        (version,) = client.search_model_versions(f"run_id = '{run_id}'")
        (output,) = client.get_run(run_id).outputs.model_outputs
        assert version.source == f"models:/{output.model_id}"


def test_a_registry_that_cannot(
    server: Server,
    registry: Server,
    model_folder: Path,
    use_registry: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A registry without logged models is named, with what to do."""
    with gateway(registry.uri, Rule("logged-models", status=404)) as old:
        use_registry(old.uri)
        client, run_id = run_with_model(server.uri, model_folder, "cannot")
        register_models(client, run_id, server.uri)
    message = warnings(caplog)[-1]
    assert f"the model registry at {old.uri} cannot keep a model of another server" in message
    assert "Leave `tracking.registry_uri` out" in message


def test_a_failing_load(
    server: Server, registry: Server, use_registry: Callable[[str], None]
) -> None:
    """A load that fails names the registry that was asked, not the tracking server."""
    use_registry(registry.uri)
    store.connect(server.uri)
    dataset = MLflowModelDataset(
        dataset_name="model", model_uri="models:/nothing@champion", tracking_uri=server.uri
    )
    with pytest.raises(DatasetError) as raised:
        dataset.load()
    assert f"in MLflow at {registry.uri} gave no model" in str(raised.value)
    assert server.uri not in str(raised.value)
    assert not dataset.exists()


def test_a_sqlite_store_with_a_server_as_registry(
    store_uri: str,
    registry: Server,
    model_folder: Path,
    use_registry: Any,
) -> None:
    """Runs in a file of this machine: the server cannot read its disk, so it gets a copy."""
    use_registry(registry.uri)
    client, run_id = run_with_model(store_uri, model_folder, "from_disk", alias="newest")
    register_models(client, run_id, store_uri)
    dataset = MLflowModelDataset(
        dataset_name="model", model_uri="models:/from_disk@newest", tracking_uri=store_uri
    )
    assert dataset.load().predict([[1.0]]).tolist() == [1]
