"""logged_models.py: a model's folder becomes a logged model of a run, once."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from mlflow_on_kedro.delivery.artifact_writer import ArtifactWriter
from mlflow_on_kedro.journal.entries import Entry, Model
from mlflow_on_kedro.journal.entry_lines import from_line, to_line
from mlflow_on_kedro.models import logged_models
from mlflow_on_kedro.models.flavors import find_flavor
from sklearn.linear_model import LogisticRegression


@pytest.fixture
def run(client: Any, store_uri: str, tmp_path: Path) -> Any:
    """A run in an experiment with artifacts of its own."""
    mlflow.set_tracking_uri(store_uri)
    experiment = client.create_experiment("x", (tmp_path / "artifacts").as_uri())
    return client.create_run(experiment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in MLflow's format."""
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    path = tmp_path / "m"
    find_flavor("sklearn").save_model(
        model, str(path), pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
    )
    return path


def models(client: Any, run: Any) -> list[Any]:
    """The logged models of the run's experiment."""
    return list(client.search_logged_models([run.info.experiment_id]))


def send(client: Any, run: Any, entry: Model, *, raising: bool = False) -> list[Entry]:
    """Deliver a model, and give what was refused."""
    refused: list[Entry] = []
    ArtifactWriter(
        client,
        run.info.run_id,
        run.info.artifact_uri,
        lambda item, _error, _tries: refused.append(item),
        raising=raising,
    ).send([entry])
    return refused


def test_logged_model(client: Any, run: Any, folder: Path) -> None:
    """It has name, type, tags, the run's parameters and its own, and is an output of the run."""
    client.log_param(run.info.run_id, "depth", "3")
    before = (folder / "MLmodel").read_bytes()
    entry = logged_models.model_entry(
        folder,
        "model",
        tags={"stage": 1},
        params={"own": True},
        model_type="classifier",
        step=4,
    )
    logged_models.log(client, run.info.run_id, from_line(to_line(entry)))
    (model,) = models(client, run)
    assert (model.name, model.status.name, model.model_type) == ("model", "READY", "classifier")
    assert model.source_run_id == run.info.run_id
    assert model.tags["stage"] == "1"
    assert model.params == {"depth": "3", "own": "True"}
    (output,) = client.get_run(run.info.run_id).outputs.model_outputs
    assert (output.model_id, output.step) == (model.model_id, 4)
    assert (folder / "MLmodel").read_bytes() == before


def test_it_loads_and_knows_itself(client: Any, run: Any, folder: Path) -> None:
    """By its id and by its run; the MLmodel file names both, as after MLflow's own log_model."""
    logged_models.log(client, run.info.run_id, logged_models.model_entry(folder, "model"))
    (model,) = models(client, run)
    for uri in (f"models:/{model.model_id}", f"runs:/{run.info.run_id}/model"):
        assert find_flavor("sklearn").load_model(uri).predict([[1.0]]).tolist() == [1]
    path = mlflow.artifacts.download_artifacts(f"{model.artifact_location}/MLmodel")
    content = yaml.safe_load(Path(path).read_text())
    assert content["run_id"] == run.info.run_id
    assert content["model_id"] == content["model_uuid"] == model.model_id


def test_twice_is_once(client: Any, run: Any, folder: Path) -> None:
    """Delivering an entry again changes nothing; another entry is another model."""
    entry = logged_models.model_entry(folder, "model")
    logged_models.log(client, run.info.run_id, entry)
    logged_models.log(client, run.info.run_id, entry)
    assert len(models(client, run)) == 1
    logged_models.log(client, run.info.run_id, logged_models.model_entry(folder, "model"))
    assert len(models(client, run)) == 2


@pytest.mark.parametrize(
    "call", ["log_model_artifacts", "log_model_artifact", "log_outputs", "finalize_logged_model"]
)
def test_outage_at_any_moment(
    call: str, client: Any, run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try goes on with the same model."""
    entry = logged_models.model_entry(folder, "model")

    def down(*_: Any, **__: Any) -> None:
        raise ConnectionError("down")

    with monkeypatch.context() as patch:
        patch.setattr(client, call, down)
        with pytest.raises(ConnectionError):
            logged_models.log(client, run.info.run_id, entry)
    logged_models.log(client, run.info.run_id, entry)
    (model,) = models(client, run)
    assert model.status.name == "READY"
    assert len(client.get_run(run.info.run_id).outputs.model_outputs) == 1


def test_half_a_character_in_a_tag(client: Any, run: Any, folder: Path) -> None:
    """No store takes it, so it is written out."""
    entry = logged_models.model_entry(folder, "model", tags={"a": "x\ud800"})
    logged_models.log(client, run.info.run_id, from_line(to_line(entry)))
    assert models(client, run)[0].tags["a"] == "x\\ud800"


def test_refused_as_a_model(client: Any, run: Any, folder: Path, caplog: Any) -> None:
    """What MLflow takes for no model is an artifact of the run, and nothing is lost."""
    assert send(client, run, logged_models.model_entry(folder, "a.b")) == []
    assert models(client, run) == []
    there = {item.path for item in client.list_artifacts(run.info.run_id, "a.b")}
    assert "a.b/MLmodel" in there
    assert "did not take 'a.b' as a model, so its files are plain artifacts" in caplog.text


@pytest.mark.parametrize("about", ['{"id": "x\'"}', "[]", "no JSON"])
def test_a_damaged_entry(client: Any, run: Any, folder: Path, about: str) -> None:
    """A model of which the journal's words are damaged is refused, and nothing is half there."""
    entry = replace(logged_models.model_entry(folder, "model"), about=about)
    assert send(client, run, entry) == [entry]
    assert models(client, run) == []
    assert client.list_artifacts(run.info.run_id) == []


def test_refused_and_raised(client: Any, run: Any, folder: Path) -> None:
    """With `tracking.on_failure: raise` it is refused, and no plain artifact."""
    entry = logged_models.model_entry(folder, "a.b")
    assert send(client, run, entry, raising=True) == [entry]
    assert client.list_artifacts(run.info.run_id) == []


def test_folder_without_a_model(client: Any, run: Any, folder: Path) -> None:
    """A folder that has gone is refused, and takes nothing else with it."""
    entry = logged_models.model_entry(folder, "model")
    shutil.rmtree(folder)
    assert send(client, run, entry) == [entry]


def test_about_is_json(folder: Path) -> None:
    """Each entry has an id of its own."""
    ids = {json.loads(logged_models.model_entry(folder, "m").about)["id"] for _ in range(3)}
    assert len(ids) == 3
