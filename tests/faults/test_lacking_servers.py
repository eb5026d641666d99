"""Servers with parts of MLflow missing: each is found by its answer, and the next best is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow_on_kedro.config.registration import Promotion
from mlflow_on_kedro.datasets.model_dataset import MLflowModelDataset
from mlflow_on_kedro.datasets.prompt_dataset import MLflowPromptDataset
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.models import logged_models
from mlflow_on_kedro.models.lookup import run_has_model
from mlflow_on_kedro.models.registry import register_models
from mlflow_on_kedro.runs.joined_run import JoinedRun
from mlflow_on_kedro.tracking import capabilities, store
from mlflow_on_kedro.tracking.capabilities import Feature
from mlflow_on_kedro.tracking.opening import open_run

from .gateway import Gateway, Rule
from .trained import loads_runs_uri, run_with_model, warnings

ANSWERS = {
    "404": (404, "<!doctype html><title>404 Not Found</title>"),
    "405": (405, "Method Not Allowed"),
    "501": (501, "Not Implemented"),
    "Databricks": (404, '{"error_code": "ENDPOINT_NOT_FOUND", "message": "No API found"}'),
    "FastAPI": (404, '{"detail": "Not Found"}'),
    "Azure": (404, '{"error": {"code": "NotFound", "message": "no such route"}}'),
}


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    capabilities.forget()


@pytest.mark.parametrize("kind", ANSWERS)
def test_no_logged_models(
    kind: str, gate: Gateway, model_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The model is an artifact that is loaded and registered as one; one warning for all."""
    status, answer = ANSWERS[kind]
    gate.rules.append(Rule("logged-models|runs/outputs", status=status, answer=answer))
    name = f"lacking_{kind}"
    for f1 in (0.5, 0.7):
        client, run_id = run_with_model(
            gate.uri, model_folder, name, f1=f1, alias="newest", promote=Promotion("champion", "f1")
        )
        register_models(client, run_id, gate.uri)
        register_models(client, run_id, gate.uri)
    (version,) = client.search_model_versions(f"run_id = '{run_id}'")
    assert client.get_registered_model(name).aliases == {"newest": "2", "champion": "2"}
    assert version.source == f"{client.get_run(run_id).info.artifact_uri}/model"
    for words in (
        {"run_id": run_id},
        {"model_uri": f"runs:/{run_id}/model"},
        {"model_uri": f"models:/{name}@champion"},
        {"model_uri": f"models:/{name}/2"},
    ):
        dataset = MLflowModelDataset(dataset_name="model", tracking_uri=gate.uri, **words)
        assert dataset.exists()
        assert dataset.load().predict([[1.0]]).tolist() == [1]
    assert not run_has_model(client, run_id, "other")
    assert loads_runs_uri(gate.uri, run_id)
    (message,) = warnings(caplog)
    assert message.startswith(f"MLflow at {gate.uri} has no logged models (MLflow 3), so a model's")


def test_a_proxy_that_knows_nothing(gate: Gateway, model_folder: Path, caplog: Any) -> None:
    """What answers 404 to everything is no old server: the model waits until it is a real one."""
    client = store.connect(gate.uri)
    run_id = client.create_run(client.create_experiment(f"lacking {new_id()}")).info.run_id
    entry = logged_models.model_entry(model_folder, "model")
    gate.rules += [Rule("runs/get", times=1), Rule(".", status=404)]
    with pytest.raises(mlflow.MlflowException):
        logged_models.log(client, run_id, entry)
    assert capabilities.has(gate.uri, Feature.LOGGED_MODELS)
    assert warnings(caplog) == []


def test_no_links_to_models(
    gate: Gateway, model_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without `runs/outputs` a logged model is whole, and is found to be registered."""
    gate.rules.append(Rule("runs/outputs", status=404))
    client, run_id = run_with_model(gate.uri, model_folder, "unlinked")
    capabilities.forget()  # as another process, which delivers the rest
    register_models(client, run_id, gate.uri)
    (version,) = client.search_model_versions(f"run_id = '{run_id}'")
    assert version.source.startswith("models:/m-")
    (message,) = warnings(caplog)
    assert "has no runs' links to their logged models" in message


def test_no_prompts(gate: Gateway, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Without a registry a prompt is loaded from its file, with one warning for all of them."""
    client = store.connect(gate.uri)
    run_id = client.create_run(client.create_experiment(f"lacking {new_id()}")).info.run_id
    run = JoinedRun.from_id(gate.uri, run_id)
    name = f"answer-{new_id()}"
    dataset = MLflowPromptDataset(name, "answer.txt", as_="str")
    dataset.bind("answer", tmp_path, gate.uri, run)
    (tmp_path / "answer.txt").write_text("Answer {{question}}.", encoding="utf-8")
    gate.rules.append(Rule("registered-models|model-versions", status=404))
    for _ in range(2):
        assert dataset.load() == "Answer {{question}}."
        run.flush()
    (message,) = warnings(caplog)
    assert f"MLflow at {gate.uri} has no prompts in its registry" in message
    gate.rules.clear()
    capabilities.forget()
    assert dataset.load() == "Answer {{question}}."
    run.flush()
    assert f'"{name}", "version": "1"' in client.get_run(run_id).data.tags["mlflow.linkedPrompts"]


def test_no_aliases(gate: Gateway, model_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without aliases the version is registered, with one warning however many there are."""
    gate.rules.append(Rule("registered-models/alias", status=404))
    for _ in range(2):
        client, run_id = run_with_model(
            gate.uri, model_folder, "unaliased", alias="newest", promote=Promotion("champion", "f1")
        )
        register_models(client, run_id, gate.uri)
        assert len(client.search_model_versions(f"run_id = '{run_id}'")) == 1
    (message,) = warnings(caplog)
    assert "has no aliases in its model registry (MLflow 2.3)" in message


@pytest.mark.parametrize("status", [404, 400])
def test_no_search(status: int, gate: Gateway, tmp_path: Path, caplog: Any) -> None:
    """A run is opened without a search; where filters are not known runs are looked through."""
    client = store.connect(gate.uri)
    header = Header(journal=new_id(), experiment=f"lacking {new_id()}", start_ms=5, root="/")
    first = open_run(client, header, gate.uri, tmp_path)
    answer = '{"error_code": "INVALID_PARAMETER_VALUE", "message": "no such filter"}'
    gate.rules.append(Rule("runs/search", status=status, answer=answer, body="tags."))
    if status == 404:
        gate.rules[:] = [Rule("runs/search", status=404)]
    again = open_run(client, header, gate.uri, tmp_path, again=True)
    assert (again == first) == (status == 400)
    assert len(warnings(caplog)) == (status == 404)
