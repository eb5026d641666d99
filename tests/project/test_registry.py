"""``tracking.registry_uri``: where models are registered, beside where runs are tracked."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

NODES = """
import mlflow
from kedro.pipeline import node, pipeline

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input

def register(n):
    mlflow.pyfunc.log_model(name="model", python_model=Model(), pip_requirements=["mlflow"])
    run = mlflow.active_run().info.run_id
    mlflow.register_model(f"runs:/{run}/model", "wines")
    return n

def create_pipeline():
    return pipeline([node(register, "params:n", "done", name="register")])
"""
REGISTRY = {"registry_uri": "sqlite:///models.db"}


@pytest.mark.parametrize(
    "runner", ["SequentialRunner", pytest.param("ParallelRunner", marks=pytest.mark.slow)]
)
def test_a_node_registers_there(make_project: Any, runner: str) -> None:
    """`mlflow.register_model` in a node, in whatever process, uses the registry of mlflow.yml."""
    from mlflow import MlflowClient

    project = make_project(NODES, mlflow={"tracking": REGISTRY}, parameters={"n": 1})
    done: subprocess.CompletedProcess[str] = project.kedro(
        "run", f"--runner={runner}", env={"KEDRO_MP_CONTEXT": "spawn"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run = project.run
    assert run.data.metrics["done"] == 1
    (version,) = MlflowClient(f"sqlite:///{project.root / 'models.db'}").search_model_versions()
    assert (version.name, version.run_id) == ("wines", run.info.run_id)
    assert project.client.search_registered_models() == []


ASKS = """
import mlflow
from kedro.pipeline import node, pipeline

def create_pipeline():
    return pipeline([node(lambda: mlflow.get_registry_uri(), None, "registry", name="ask")])
"""


def test_each_session_has_its_own(make_project: Any) -> None:
    """A registry is that of its session's run; after it, and in the next one, it is no more."""
    from mlflow import get_registry_uri

    project = make_project(ASKS, mlflow={"tracking": REGISTRY})
    registry = f"sqlite:///{(project.root / 'models.db').as_posix()}"
    before = get_registry_uri()
    assert project.session_run()["registry"].load() == registry
    assert get_registry_uri() == before
    project.write("conf/base/mlflow.yml", "tracking: {on_failure: raise}")
    assert project.session_run()["registry"].load() == project.uri
