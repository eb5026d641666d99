"""Orchestrators, clusters and CI that run the pipeline, known by their environment variables.

To support another one, add a row to ``ORCHESTRATORS``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from urllib.parse import quote

from ..utils import environment
from ..utils.clock import now_ms

NAME_TAG = "orchestrator"
URL_TAG = "orchestrator.url"
"""The page of the job that runs the pipeline."""
# Argo names a step's pod after its workflow and a hash of the step's path.
_ARGO_STEP = re.compile(r"-(?P<number>\d{6,10})$")
_CRON_MS = 7 * 24 * 60 * 60 * 1000
"""How long after its time a workflow may run that a schedule has named after that time."""


@dataclass(frozen=True)
class Orchestrator:
    """One kind of orchestrator.

    Attributes:
        name: The prefix of its tags.
        sign: A variable that it sets in every job.
        tags: The rest of each tag's name, and the variable with its value.
        url: The page of the job, with ``{VARIABLE}`` in it; none if one of these is not set.
        key: Returns what all processes of one run of the pipeline have in common.
        task: The variables with the name of the task and the number of its attempt; a retried task
            gets a tag.
    """

    name: str
    sign: str
    tags: Mapping[str, str]
    url: str = ""
    key: Callable[[], str | None] = lambda: None
    task: tuple[str, str] | None = None
    variables: Mapping[str, Callable[[], str | None]] = field(default_factory=dict)
    """Variables of :attr:`url` that are no environment variables."""


def _airflow_key() -> str | None:
    dag, run = environment.value("AIRFLOW_CTX_DAG_ID"), environment.value("AIRFLOW_CTX_DAG_RUN_ID")
    return f"airflow:{dag or ''}/{run}" if run else None


def _airflow_base() -> str | None:
    """Return the base URL of Airflow: from a variable, or in a task from its configuration."""
    for section in ("api", "webserver"):  # since Airflow 3, and before
        given = environment.value(f"AIRFLOW__{section.upper()}__BASE_URL")
        settings = getattr(sys.modules.get("airflow.configuration"), "conf", None)
        found = given or (settings.get(section, "base_url", fallback=None) if settings else None)
        if found:
            return str(found)
    return None


def _argo_workflow() -> str | None:
    workflow, node = environment.value("ARGO_WORKFLOW_NAME"), environment.value("ARGO_NODE_ID")
    step = _ARGO_STEP.search(node) if node else None
    if workflow or node is None or step is None:
        return workflow or node
    # The only container of a workflow has no hash, and a CronWorkflow names its workflows after
    # the seconds since the epoch at which they are due.
    is_time = abs(now_ms() - 1000 * int(step["number"])) < _CRON_MS
    return node if is_time else node[: step.start()]


def _argo_key() -> str | None:
    workflow = _argo_workflow()
    return f"argo:{workflow}" if workflow else None


ORCHESTRATORS = (
    # https://airflow.apache.org/docs/apache-airflow/stable/templates-ref.html
    Orchestrator(
        name="airflow",
        sign="AIRFLOW_CTX_DAG_ID",
        tags={
            "dag_id": "AIRFLOW_CTX_DAG_ID",
            "dag_run_id": "AIRFLOW_CTX_DAG_RUN_ID",
            "task_id": "AIRFLOW_CTX_TASK_ID",
            "try_number": "AIRFLOW_CTX_TRY_NUMBER",
        },
        url="{BASE_URL}/dags/{AIRFLOW_CTX_DAG_ID}/runs/{AIRFLOW_CTX_DAG_RUN_ID}",
        key=_airflow_key,
        task=("AIRFLOW_CTX_TASK_ID", "AIRFLOW_CTX_TRY_NUMBER"),
        variables={"BASE_URL": _airflow_base},
    ),
    # https://github.com/kubeflow/pipelines: its pods; they are those of an Argo workflow, too
    Orchestrator(
        name="kubeflow",
        sign="KFP_POD_NAME",
        tags={"pod": "KFP_POD_NAME", "pod_uid": "KFP_POD_UID", "run_id": "KFP_RUN_ID"},
    ),
    # https://github.com/argoproj/argo-workflows/blob/main/workflow/common/common.go
    Orchestrator(
        name="argo",
        sign="ARGO_NODE_ID",
        tags={"workflow": "ARGO_WORKFLOW_NAME", "node_id": "ARGO_NODE_ID"},
        key=_argo_key,
    ),
    # https://docs.databricks.com/init-scripts/environment-variables.html
    Orchestrator(
        name="databricks",
        sign="DATABRICKS_RUNTIME_VERSION",
        tags={
            "runtime_version": "DATABRICKS_RUNTIME_VERSION",
            "cluster_id": "DB_CLUSTER_ID",
            "cluster_name": "DB_CLUSTER_NAME",
            "is_job_cluster": "DB_IS_JOB_CLUSTER",
        },
    ),
    # https://learn.microsoft.com/azure/machine-learning/how-to-use-mlflow-configure-tracking
    Orchestrator(
        name="azureml",
        sign="AZUREML_RUN_ID",
        tags={
            "run_id": "AZUREML_RUN_ID",
            "root_run_id": "AZUREML_ROOT_RUN_ID",
            "workspace": "AZUREML_ARM_WORKSPACE_NAME",
        },
        url="https://ml.azure.com/runs/{AZUREML_RUN_ID}?wsid={AZUREML_WORKSPACE_SCOPE}",
    ),
    # https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    Orchestrator(
        name="sagemaker",
        sign="TRAINING_JOB_NAME",
        tags={"training_job": "TRAINING_JOB_NAME", "training_job_arn": "TRAINING_JOB_ARN"},
        url="https://{AWS_REGION}.console.aws.amazon.com/sagemaker/home?region={AWS_REGION}"
        "#/jobs/{TRAINING_JOB_NAME}",
    ),
    # https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
    Orchestrator(
        name="aws_batch",
        sign="AWS_BATCH_JOB_ID",
        tags={
            "job_id": "AWS_BATCH_JOB_ID",
            "job_attempt": "AWS_BATCH_JOB_ATTEMPT",
            "array_index": "AWS_BATCH_JOB_ARRAY_INDEX",
            "queue": "AWS_BATCH_JQ_NAME",
        },
    ),
    # https://slurm.schedmd.com/sbatch.html#SECTION_OUTPUT-ENVIRONMENT-VARIABLES
    Orchestrator(
        name="slurm",
        sign="SLURM_JOB_ID",
        tags={
            "job_id": "SLURM_JOB_ID",
            "job_name": "SLURM_JOB_NAME",
            "array_job_id": "SLURM_ARRAY_JOB_ID",
            "array_task_id": "SLURM_ARRAY_TASK_ID",
            "restart_count": "SLURM_RESTART_COUNT",
            "cluster": "SLURM_CLUSTER_NAME",
            "partition": "SLURM_JOB_PARTITION",
        },
    ),
    # https://docs.github.com/actions/reference/workflows-and-actions/variables
    Orchestrator(
        name="github",
        sign="GITHUB_RUN_ID",
        tags={
            "repository": "GITHUB_REPOSITORY",
            "workflow": "GITHUB_WORKFLOW",
            "job": "GITHUB_JOB",
            "run_id": "GITHUB_RUN_ID",
            "run_attempt": "GITHUB_RUN_ATTEMPT",
        },
        url="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
        "/attempts/{GITHUB_RUN_ATTEMPT}",
    ),
    # https://docs.gitlab.com/ci/variables/predefined_variables/
    Orchestrator(
        name="gitlab",
        sign="GITLAB_CI",
        tags={
            "project": "CI_PROJECT_PATH",
            "pipeline_id": "CI_PIPELINE_ID",
            "job": "CI_JOB_NAME",
            "job_id": "CI_JOB_ID",
        },
        url="{CI_JOB_URL}",
    ),
    # https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
    Orchestrator(
        name="jenkins",
        sign="JENKINS_URL",
        tags={"job": "JOB_NAME", "build": "BUILD_NUMBER"},
        url="{BUILD_URL}",
    ),
)


def run_key() -> str | None:
    """Return the key that all processes of one run share: the user's, else an orchestrator's."""
    keys = (one.key() for one in ORCHESTRATORS)
    return environment.run_key() or next(filter(None, keys), None)


def tags() -> dict[str, str]:
    """Return tags for the orchestrator that runs this process.

    One orchestrator may use another, as Kubeflow uses Argo: then the tags are of both, and the
    earlier in the table wins.
    """
    found: dict[str, str] = {}
    for one in ORCHESTRATORS:
        if environment.value(one.sign):
            for tag, value in _tags(one):
                found.setdefault(tag, value)
    return found


def _tags(one: Orchestrator) -> Iterator[tuple[str, str]]:
    yield NAME_TAG, one.name
    for tag, variable in one.tags.items():
        value = environment.value(variable)
        if value:
            yield f"{one.name}.{tag}", value
    url = _url(one)
    if url:
        yield URL_TAG, url
    if one.task is not None:
        task, number = (environment.value(variable) for variable in one.task)
        if task and number not in (None, "", "0", "1"):
            yield f"{one.name}.tries.{task}", str(number)


def _url(one: Orchestrator) -> str | None:
    values: dict[str, str] = {}
    for _, name, _, _ in Formatter().parse(one.url):
        if name:
            found = one.variables[name]() if name in one.variables else environment.value(name)
            if not found:
                return None
            values[name] = quote(found.rstrip("/"), safe=":/@%[]")
    return one.url.format_map(values) if values else None
