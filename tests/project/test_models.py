"""Models in pipelines: signatures from the catalog, the registry, read-only sources, outages."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import mlflow
import pandas as pd
import pytest
import yaml
from kedro.runner import SequentialRunner, ThreadRunner
from mlflow.artifacts import load_dict
from mlflow_on_kedro import ConfigError
from mlflow_on_kedro.delivery import backlog, journal_delivery
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.models import registry

TYPE = "mlflow_on_kedro.MLflowModelDataset"

PIPELINE = """
    import pandas as pd
    from kedro.pipeline import node, pipeline
    from sklearn.linear_model import LogisticRegression

    def prepare():
        return pd.DataFrame({"size": [0.5, 1.0, 2.0, 3.0]}), [0, 0, 1, 1]

    def train(features, labels):
        return LogisticRegression().fit(features, labels)

    def evaluate(model, features, quality):
        if quality < 0:
            raise ValueError("useless")
        return quality, {"kind": type(model).__name__, "y": model.predict(features).tolist()}

    def create_pipeline(**_):
        return pipeline([
            node(prepare, None, ["features", "labels"], name="prepare"),
            node(train, ["features", "labels"], "model", name="train"),
            node(evaluate, ["model", "features", "params:quality"], ["f1", "report"], name="judge"),
        ])
"""
CATALOG = {
    "f1": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
    "report": {"type": "json.JSONDataset", "filepath": "report.json"},
}
SIGNED = {"type": TYPE, "signature": "features", "input_example": "features"}
REGISTERED = {
    "type": TYPE,
    "registered_model_name": "clf",
    "alias": "newest",
    "promote": {"alias": "champion", "metric": "f1"},
    "tags": {"owner": "me"},
}
REPORT = {"kind": "LogisticRegression", "y": [0, 0, 1, 1]}

pytestmark = pytest.mark.filterwarnings("ignore:.*integer column:UserWarning")


@pytest.fixture
def project_with(make_project: Callable[..., Any]) -> Callable[..., Any]:
    """A function: the catalog's entry for the model -> a project."""

    def make(model: dict[str, Any], **more: Any) -> Any:
        catalog = {**CATALOG, "model": model}
        return make_project(PIPELINE, catalog=catalog, parameters={"quality": 0.5}, **more)

    return make


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What the registry has said, though Kedro sets logging up anew."""
    messages: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = logging.getLogger("mlflow_on_kedro.models.registry")
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def models(project: Any) -> list[Any]:
    """The logged models of the project's experiment, the oldest first."""
    experiment = project.client.get_experiment_by_name(project.package)
    found = project.client.search_logged_models([experiment.experiment_id])
    return sorted(found, key=lambda model: model.creation_timestamp)


def versions(project: Any) -> list[Any]:
    """The versions in the project's registry, the oldest first."""
    return sorted(project.client.search_model_versions(), key=lambda item: int(item.version))


def check_signed(project: Any) -> None:
    """The run has the model with the signature and example of `features`."""
    (model,) = models(project)
    assert (model.name, model.status.name) == ("model", "READY")
    assert model.source_run_id == project.run.info.run_id
    assert yaml.safe_load((project.root / "report.json").read_text()) == REPORT
    mlflow.set_tracking_uri(project.uri)
    info = mlflow.models.get_model_info(f"models:/{model.model_id}")
    assert [item["name"] for item in info.signature.inputs.to_dict()] == ["size"]
    assert info.signature.outputs is not None
    assert info.saved_input_example_info is not None
    loaded = mlflow.pyfunc.load_model(f"runs:/{project.run.info.run_id}/model")
    assert loaded.predict(pd.DataFrame({"size": [3.0]})).tolist() == [1]


RUNNERS = {
    "sequential": SequentialRunner,
    "threads": lambda: ThreadRunner(max_workers=2),
    "async": lambda: SequentialRunner(is_async=True),
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_signature_and_example_from_a_dataset(
    project_with: Callable[..., Any], runner: str
) -> None:
    """They are taken from a dataset that is in memory only, and the flavor from the object."""
    project = project_with(SIGNED)
    project.session_run(runner=RUNNERS[runner]())
    check_signed(project)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.slow
def test_signature_in_parallel_processes(project_with: Callable[..., Any], method: str) -> None:
    """Also where the model is saved in another process than its input was."""
    project = project_with(SIGNED)
    done = project.kedro("run", "--runner", "ParallelRunner", env={"KEDRO_MP_CONTEXT": method})
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    check_signed(project)


def test_unknown_dataset(project_with: Callable[..., Any]) -> None:
    """A misspelt name is found before the pipeline runs."""
    project = project_with({**SIGNED, "signature": "featurs"})
    with pytest.raises(ConfigError, match=r"'model' .* 'featurs', .* Did you mean 'features'\?"):
        project.session_run()
    assert project.runs() == []


def test_dataset_that_is_gone(project_with: Callable[..., Any]) -> None:
    """A name that cannot be loaded when the model is saved says what to do."""
    project = project_with({"type": TYPE, "input_example": "report"})
    with pytest.raises(Exception, match="'report', which cannot be loaded when the model is saved"):
        project.session_run()


# -- the registry ------------------------------------------------------------------------------


def test_registered_once_the_run_has_succeeded(
    project_with: Callable[..., Any], said: list[str]
) -> None:
    """A version with its run, tags and aliases; only a better model takes the alias."""
    project = project_with(REGISTERED)
    for quality in (0.5, 0.4, 0.6):
        project.write("conf/base/parameters.yml", f"quality: {quality}")
        project.session_run()
    found = versions(project)
    assert [item.source for item in found] == [f"models:/{m.model_id}" for m in models(project)]
    assert all(item.tags["owner"] == "me" for item in found)
    runs = {run.info.run_id: run for run in project.runs()}
    assert [runs[item.run_id].data.metrics["f1"] for item in found] == [0.5, 0.4, 0.6]
    client = project.client
    assert str(client.get_model_version_by_alias("clf", "champion").version) == "3"
    assert str(client.get_model_version_by_alias("clf", "newest").version) == "3"
    assert len(said) == 3
    assert "alias 'champion': its f1 0.6 is better than 0.5 of version 1" in said[2]


def test_failed_run_registers_nothing(project_with: Callable[..., Any]) -> None:
    """The model is kept with the run, but no version is made of it."""
    project = project_with(REGISTERED)
    project.write("conf/base/parameters.yml", "quality: -1")
    with pytest.raises(ValueError, match="useless"):
        project.session_run()
    assert project.run.info.status == "FAILED"
    assert [model.status.name for model in models(project)] == ["READY"]
    assert versions(project) == []


def test_shared_run(project_with: Callable[..., Any]) -> None:
    """With `run.key` the last process to end registers what another one has saved."""
    project = project_with({**REGISTERED, "alias": None}, mlflow={"run": {"key": "nightly"}})
    project.session_run(to_nodes=["train"])
    (version,) = versions(project)
    assert version.run_id == project.run.info.run_id


def test_offline_then_sync(
    project_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved without a server is a logged model and a version after the delivery."""
    project = project_with({**SIGNED, **REGISTERED})
    monkeypatch.setenv("MLFLOW_ON_KEDRO_MODE", "offline")
    project.session_run()
    monkeypatch.delenv("MLFLOW_ON_KEDRO_MODE")
    assert project.runs() == []
    (journal,) = backlog.find(project.root)
    journal_delivery.deliver(journal, Connection(project.uri), project.root)
    check_signed(project)
    assert [item.run_id for item in versions(project)] == [project.run.info.run_id]
    assert str(project.client.get_model_version_by_alias("clf", "champion").version) == "1"


def test_outage_of_the_registry(
    project_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose models could not be registered stays FINISHED, and a later delivery does it."""
    project = project_with(REGISTERED, mlflow={"tracking": {"on_failure": "warn", "timeout": 0.5}})

    def down(*_: Any, **__: Any) -> None:
        raise ConnectionError("the registry is down")

    with monkeypatch.context() as patch:
        patch.setattr(registry, "register", down)
        project.session_run()
    assert versions(project) == []
    (journal,) = backlog.find(project.root)
    delivery = journal_delivery.deliver(journal, Connection(project.uri), project.root)
    assert delivery.status == project.run.info.status == "FINISHED"
    assert [item.name for item in versions(project)] == ["clf"]
    assert backlog.find(project.root) == []


# -- loading -----------------------------------------------------------------------------------


def test_loading_from_the_registry(project_with: Callable[..., Any]) -> None:
    """A logged model, a version and an alias are loaded, and the run says which version it was."""
    project = project_with(REGISTERED)
    project.session_run()
    (model,) = models(project)
    before = [run.info.run_id for run in project.runs()]
    logged = f"models:/{model.model_id}"
    loaded = {logged: logged, "models:/clf/1": "models:/clf/1"}
    loaded |= dict.fromkeys(("models:/clf@champion", "models:/clf/latest"), "models:/clf/1")
    for uri, exact in loaded.items():
        (project.root / "report.json").unlink()
        entry = {"model": {"type": TYPE, "model_uri": uri}}
        project.write("conf/other/catalog.yml", yaml.safe_dump(entry))
        project.write("conf/other/mlflow.yml", "provenance: {enabled: true}")
        project.session_run(env="other", node_names=["prepare", "judge"])
        assert yaml.safe_load((project.root / "report.json").read_text()) == REPORT
        run = project.client.get_run(project.runs()[0].info.run_id)
        assert run.data.tags["kedro.loaded_model.model"] == exact
        assert [item.model_id for item in run.inputs.model_inputs] == [model.model_id]
        used = {
            item.dataset.name: json.loads(item.dataset.source) for item in run.inputs.dataset_inputs
        }
        asked = {} if uri == exact else {"asked_for": uri}
        assert used == {"model": {"uri": exact, **asked, "model_id": model.model_id}}
        file = load_dict(f"{run.info.artifact_uri}/kedro/loaded.json")
        by = {} if exact == logged else {"run_id": before[0]}
        assert file["datasets"] == {"model": used["model"] | by}
    assert len(models(project)) == 1
    source = project.client.get_run(before[0])
    assert source.info.status == "FINISHED"
    assert len(source.outputs.model_outputs) == 1
    assert len(versions(project)) == 1


@pytest.mark.parametrize("source", [{"run_id": "abc"}, {"model_uri": "models:/clf@champion"}])
def test_source_is_never_saved_to(project_with: Callable[..., Any], source: dict[str, str]) -> None:
    """A pipeline that saves to what is loaded from elsewhere does not begin."""
    project = project_with({"type": TYPE, **source})
    with pytest.raises(ConfigError, match=r"'model' in the catalog: .* which is never written"):
        project.session_run()
    assert project.runs() == []
