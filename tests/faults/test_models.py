"""Models, while the server answers, while it does not, and where another machine loads them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import SHORT_WAIT
from .project import FaultProject
from .proxy import Proxy
from .rules import Answer, Fate, Rule, holds, on

PIPELINE = """
    from kedro.pipeline import node, pipeline
    from sklearn.linear_model import LogisticRegression

    def train():
        return LogisticRegression().fit([[0.0], [1.0]], [0, 1])

    def evaluate(model):
        return float(model.predict([[1.0]])[0])

    def create_pipeline(**_):
        return pipeline([
            node(train, None, "model", name="train"),
            node(evaluate, "model", "f1", name="evaluate"),
        ])
"""
TYPE = "mlflow_on_kedro.MLflowModelDataset"
CATALOG = {
    "f1": {"type": "mlflow_on_kedro.MLflowDataset", "dataset": "m"},
    "model": {
        "type": TYPE,
        "registered_model_name": "from_faults",
        "promote": {"alias": "champion", "metric": "f1"},
    },
}
MOST_REQUESTS = 26
"""What a model and its version take, besides its files."""


@pytest.fixture
def modelling(make_fault_project: Callable[..., FaultProject], proxy: Proxy) -> FaultProject:
    """A project whose run saves a model for the registry."""
    return make_fault_project(proxy.uri, PIPELINE, catalog=CATALOG, parameters={})


def check_registered(project: FaultProject) -> Any:
    """The run is FINISHED, with its logged model, which is registered."""
    run = project.run
    assert run.info.status == "FINISHED"
    models = project.client.search_logged_models([run.info.experiment_id])
    (model,) = [model for model in models if model.source_run_id == run.info.run_id]
    assert (model.name, model.status.name) == ("model", "READY")
    (version,) = project.client.search_model_versions(f"run_id = '{run.info.run_id}'")
    assert version.source == f"models:/{model.model_id}"
    return model


def test_while_it_answers(modelling: FaultProject, proxy: Proxy) -> None:
    """The model is uploaded while nodes run, registered at the end, in few requests."""
    run = modelling.kedro()
    assert run.status == 0, run.said
    assert run.warnings == 0, run.said
    assert "The model 'model' is registered as 'from_faults' version" in run.said
    check_registered(modelling)
    words = ("logged-models", "registered-models", "model-versions", "outputs", "runs/get")
    seen = [item.path for item in proxy.seen() if any(word in item.path for word in words)]
    counted = Counter(path for path in seen if "mlflow-artifacts" not in path)
    assert counted.total() <= MOST_REQUESTS, counted


@pytest.mark.parametrize("mode", ["refuse", pytest.param("http500", marks=pytest.mark.slow)])
def test_while_it_does_not(modelling: FaultProject, proxy: Proxy, mode: Any) -> None:
    """Refuses, answers 500. The pipeline runs on; sync makes it a registered model."""
    proxy.mode = mode
    run = modelling.kedro("run", SHORT_WAIT)
    assert run.status == 0, run.said
    assert run.warnings == 1, run.said
    proxy.mode = "pass"
    result = modelling.sync()
    assert result.exit_code == 0, result.output
    check_registered(modelling)
    assert modelling.journals == []


@pytest.mark.parametrize(
    "refused",
    [on(holds("conda.yaml"), "http413"), on(lambda call: call.method == "PATCH", "http413")],
    ids=["a file of it", "its completion"],
)
def test_a_part_is_refused(modelling: FaultProject, proxy: Proxy, refused: Rule) -> None:
    """It waits as a whole, and is no plain artifact; sync makes it a registered model."""
    proxy.rules = [refused]
    run = modelling.kedro()
    assert run.status == 0, run.said
    assert modelling.run.info.status == "FINISHED"
    assert modelling.client.search_model_versions(f"run_id = '{modelling.run.info.run_id}'") == []
    assert "1. model 'model': refused" in modelling.status().output
    proxy.rules = []
    assert modelling.sync().exit_code == 0
    check_registered(modelling)
    assert not [path for path in modelling.artifacts(modelling.run) if "MLmodel" in path]
    assert modelling.journals == []


@pytest.mark.parametrize("seconds", [3.0, 8.0])
@pytest.mark.slow
def test_registering_is_answered_late(
    modelling: FaultProject, proxy: Proxy, seconds: float
) -> None:
    """However late the answer is, the model is registered once."""
    proxy.rules = [on(holds("model-versions/create"), Fate(answer_delay=seconds), times=1)]
    run = modelling.kedro()
    assert run.status == 0, run.said
    proxy.rules = []
    assert modelling.sync().exit_code == 0, run.said
    check_registered(modelling)
    assert modelling.journals == []


def test_a_forbidden_registered_model(modelling: FaultProject, proxy: Proxy) -> None:
    """Who may not change a registered model has the run and the logged model all the same."""
    words = {"error_code": "PERMISSION_DENIED", "message": "Permission denied"}
    forbidden = Answer(403, json.dumps(words), "application/json")
    registering = holds("registered-models/create", "model-versions/create")
    proxy.rules = [on(registering, Fate(answer=forbidden))]
    run = modelling.kedro()
    assert run.status == 0, run.said
    assert "denies permission" in run.said
    assert "from_faults" in run.said
    assert "MLFLOW_TRACKING_USERNAME" not in run.said
    assert modelling.run.info.status == "FINISHED"
    assert modelling.run.data.metrics["f1"] == 1.0
    assert len(modelling.run.outputs.model_outputs) == 1
    assert len(modelling.journals) == 1
    proxy.rules = []
    assert modelling.sync().exit_code == 0
    check_registered(modelling)
    assert modelling.journals == []


@pytest.mark.slow
def test_on_another_machine(
    modelling: FaultProject, make_fault_project: Callable[..., FaultProject], proxy: Proxy
) -> None:
    """A project that has nothing but the server loads the model by its alias, and only reads."""
    assert modelling.kedro().status == 0
    model = check_registered(modelling)
    client = modelling.client
    (version,) = client.search_model_versions(f"run_id = '{model.source_run_id}'")
    client.set_registered_model_alias("from_faults", "loaded", version.version)
    shutil.rmtree(modelling.root / "data")
    catalog = {
        "f1": CATALOG["f1"],
        "model": {"type": TYPE, "model_uri": "models:/from_faults@loaded"},
    }
    other = make_fault_project(proxy.uri, PIPELINE, catalog=catalog, parameters={})
    run = other.kedro("run", "--nodes=evaluate")
    assert run.status == 0, run.said
    assert other.run.data.metrics["f1"] == 1.0
    assert len(client.get_run(model.source_run_id).outputs.model_outputs) == 1
