"""Tags and keys from the variables of what runs the pipeline."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest
from mlflow_on_kedro.tracking import orchestrators
from mlflow_on_kedro.tracking.orchestrators import ORCHESTRATORS
from mlflow_on_kedro.utils import environment

AIRFLOW = {
    "AIRFLOW_CTX_DAG_ID": "etl",
    "AIRFLOW_CTX_DAG_RUN_ID": "manual__2026-11-23T00:00:00+00:00",
    "AIRFLOW_CTX_TASK_ID": "train",
    "AIRFLOW_CTX_TRY_NUMBER": "1",
}
GITHUB = {
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_REPOSITORY": "wine/demo",
    "GITHUB_WORKFLOW": "nightly",
    "GITHUB_JOB": "train",
    "GITHUB_SERVER_URL": "https://github.com",
}


def put(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set variables; those of all orchestrators were removed."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_nothing() -> None:
    """Where nothing of the kind runs it, there is no tag and no key."""
    assert (orchestrators.tags(), orchestrators.run_key()) == ({}, None)


def test_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """DAG, task and try; the page of the DAG's run, where Airflow's own address is known."""
    put(monkeypatch, AIRFLOW)
    told = {
        "orchestrator": "airflow",
        "airflow.dag_id": "etl",
        "airflow.dag_run_id": "manual__2026-11-23T00:00:00+00:00",
        "airflow.task_id": "train",
        "airflow.try_number": "1",
    }
    assert orchestrators.tags() == told
    put(monkeypatch, {"AIRFLOW_CTX_TRY_NUMBER": "2", "AIRFLOW__API__BASE_URL": "http://flow:8080/"})
    assert orchestrators.tags() == {
        **told,
        "airflow.try_number": "2",
        "airflow.tries.train": "2",
        "orchestrator.url": "http://flow:8080/dags/etl/runs/manual__2026-11-23T00:00:00%2B00:00",
    }


def test_airflows_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the process of a task Airflow's own settings know its address, by an older name too."""
    put(monkeypatch, AIRFLOW)

    def get(section: str, key: str, fallback: None) -> str | None:
        return "http://old" if (section, key) == ("webserver", "base_url") else fallback

    module = SimpleNamespace(conf=SimpleNamespace(get=get))
    monkeypatch.setitem(sys.modules, "airflow.configuration", module)
    assert orchestrators.tags()["orchestrator.url"].startswith("http://old/dags/etl/runs/")


def test_one_within_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Kubeflow step is one of an Argo workflow, and has the tags of both."""
    put(monkeypatch, {"KFP_POD_NAME": "pod", "ARGO_NODE_ID": "flow-x7k2p-1234567890"})
    assert orchestrators.tags() == {
        "orchestrator": "kubeflow",
        "kubeflow.pod": "pod",
        "argo.node_id": "flow-x7k2p-1234567890",
    }
    assert orchestrators.run_key() == "argo:flow-x7k2p"


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        (GITHUB, "https://github.com/wine/demo/actions/runs/77/attempts/2"),
        ({"GITLAB_CI": "true", "CI_JOB_URL": "https://lab/x/-/jobs/1"}, "https://lab/x/-/jobs/1"),
        ({"JENKINS_URL": "j", "BUILD_URL": "https://j/job/a%20b/1/"}, "https://j/job/a%20b/1"),
        (
            {"AZUREML_RUN_ID": "r", "AZUREML_WORKSPACE_SCOPE": "/subscriptions/a"},
            "https://ml.azure.com/runs/r?wsid=/subscriptions/a",
        ),
        (
            {"TRAINING_JOB_NAME": "t", "AWS_REGION": "eu-west-1"},
            "https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/jobs/t",
        ),
        ({"TRAINING_JOB_NAME": "t"}, None),
        ({"SLURM_JOB_ID": "1", "SLURM_ARRAY_TASK_ID": "3"}, None),
    ],
    ids=str,
)
def test_pages(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str | None) -> None:
    """The page of the job, where all is known that its address is made of."""
    put(monkeypatch, variables)
    assert orchestrators.tags().get("orchestrator.url") == url


@pytest.mark.parametrize("one", ORCHESTRATORS, ids=lambda one: one.name)
def test_all_have_tags(monkeypatch: pytest.MonkeyPatch, one: orchestrators.Orchestrator) -> None:
    """Each is told by its sign, and each of its variables becomes the tag of the table."""
    put(monkeypatch, {one.sign: "5", **{name: f"of {name}" for name in one.tags.values()}})
    found = orchestrators.tags()
    assert found["orchestrator"] == one.name
    for tag, name in one.tags.items():
        assert found[f"{one.name}.{tag}"] == f"of {name}"


@pytest.mark.parametrize(
    ("variables", "key"),
    [
        ({}, None),
        ({"MLFLOW_ON_KEDRO_RUN_KEY": ""}, None),
        ({"MLFLOW_ON_KEDRO_RUN_KEY": "k", "AIRFLOW_CTX_DAG_RUN_ID": "r"}, "k"),
        ({"AIRFLOW_CTX_DAG_ID": "d", "AIRFLOW_CTX_DAG_RUN_ID": "r"}, "airflow:d/r"),
        ({"AIRFLOW_CTX_DAG_RUN_ID": "r"}, "airflow:/r"),
        ({"AIRFLOW_CTX_DAG_ID": "d"}, None),
        ({"ARGO_NODE_ID": "flow-x7k2p-1234567890"}, "argo:flow-x7k2p"),
        ({"ARGO_NODE_ID": "flow-x7k2p"}, "argo:flow-x7k2p"),
        ({"ARGO_WORKFLOW_NAME": "w", "ARGO_NODE_ID": "flow-1234567890"}, "argo:w"),
    ],
    ids=str,
)
def test_run_key(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], key: str | None
) -> None:
    """The user's own key wins; else that of Airflow or Argo; an empty one counts as none."""
    monkeypatch.delenv(environment.RUN_KEY, raising=False)
    put(monkeypatch, variables)
    assert orchestrators.run_key() == key


@pytest.mark.parametrize("step", ["", "-1234567890"])
def test_run_key_of_a_schedule(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A CronWorkflow of Argo names each workflow after its time, which is no step of another."""
    workflow = f"nightly-{int(time.time()) - 60}"
    put(monkeypatch, {"ARGO_NODE_ID": workflow + step})
    monkeypatch.delenv(environment.RUN_KEY, raising=False)
    assert orchestrators.run_key() == f"argo:{workflow}"
