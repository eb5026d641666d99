{%- if cookiecutter.__example == "llm" -%}
"""The whole example runs offline, and everything that the catalog lists is in MLflow."""

from collections.abc import Callable

from kedro.framework.session import KedroSession
from mlflow import MlflowClient
from mlflow.entities import Run


def test_the_example(
    session: KedroSession, client: MlflowClient, last_run: Callable[[], Run]
) -> None:
    """The pipeline finishes; the scores of its answers, their table and the tokens are in the run."""
    session.run()
    run = last_run()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["answers.is_right/mean"] > 0.5  # noqa: PLR2004 - the stub is simple
    assert run.data.metrics["llm.tokens.input"] > 0
    assert run.data.params["retrieval.passages"] == "2"
    assert run.data.params["answered_by"] == "stub"
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"answers.json", "gantt.html"} <= files
{%- else -%}
"""The whole example runs, and everything that the catalog lists is in MLflow."""

from collections.abc import Callable

from kedro.framework.session import KedroSession
from mlflow import MlflowClient
from mlflow.entities import Run


def test_the_example(
    session: KedroSession, client: MlflowClient, last_run: Callable[[], Run]
) -> None:
    """All pipelines finish; parameters, metrics, files and the model are in the run."""
    session.run()
    run = last_run()
    assert run.info.status == "FINISHED"
    assert run.data.metrics["accuracy"] > 0.9  # noqa: PLR2004 - any sane model is better
    assert {"scores.f1.mean", "split_sizes.test"} <= set(run.data.metrics)
    assert "strongest_measurement" in run.data.params
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"model.pkl", "predictions.csv", "confusion_matrix.png", "gantt.html"} <= files
{%- endif %}
