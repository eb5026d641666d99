"""The stores that MLflow itself uses are the ones that the plugin gets at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow.store.model_registry.abstract_store import AbstractStore as ModelRegistry
from mlflow_on_kedro.mlflow_internals import store_registries

SCHEME = "mlflow-on-kedro-test"


@pytest.fixture
def asked() -> list[Any]:
    """What a registered store was asked for."""
    return []


def test_tracking_stores(asked: list[Any]) -> None:
    """A store that is registered for a scheme is the one that MLflow's client uses."""
    made = SimpleNamespace(get_run=asked.append)
    uri = f"{SCHEME}://one"
    assert not store_registries.has_tracking_store(uri)
    store_registries.register_tracking_store(SCHEME, lambda **_: made)
    assert store_registries.has_tracking_store(uri)
    assert store_registries.tracking_store(uri) is made
    mlflow.MlflowClient(uri).get_run("abc")
    assert asked == ["abc"]


def test_the_store_of_the_tracking_uri(store_uri: str) -> None:
    """Without a URI it is that of MLflow's tracking URI."""
    mlflow.set_tracking_uri(store_uri)
    assert store_registries.tracking_store() is store_registries.tracking_store(store_uri)


def test_model_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model registry that is registered for a scheme is the one that MLflow's client uses."""
    made = SimpleNamespace()
    uri = f"{SCHEME}://two"
    store_registries.register_model_registry(SCHEME, lambda *_, **__: made)
    assert mlflow.MlflowClient(registry_uri=uri)._get_registry_client().store is made
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", uri)
    assert store_registries.model_registry("http://other") is made


def test_waiting_for_a_version(asked: list[Any]) -> None:
    """MLflow waits for a new version by the method that is replaced, unless it is told not to."""
    assert callable(ModelRegistry._await_model_version_creation)
    registry = SimpleNamespace(_await_model_version_creation=lambda *args: asked.append(args))
    store_registries.replace_waiting(registry, lambda version: version != "0")
    registry._await_model_version_creation("0", 1)
    registry._await_model_version_creation("1", 1)
    assert asked == [("1", 1)]


def test_artifact_repositories(asked: list[Any], store_uri: str) -> None:
    """The repository that is set for a run is the one that MLflow uploads to."""
    client = mlflow.MlflowClient(store_uri)
    run_id = client.create_run("0").info.run_id
    made = SimpleNamespace(log_artifact=lambda *args: asked.append(args))
    store_registries.set_artifact_repository(run_id, made)
    client.log_text(run_id, "text", "note.txt")
    ((path, _),) = asked
    assert path.endswith("note.txt")
