"""Runs with a model that is to be registered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow_on_kedro.config.registration import Registration
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.models import logged_models
from mlflow_on_kedro.tracking import store
from mlflow_on_kedro.utils import mlflow_version

LOADS = (3, 17)
"""An MLflow that loads `runs:/` from servers without logged models; 3.1 does not."""


def run_with_model(
    uri: str, folder: Path, registered: str, *, name: str = "model", f1: float = 0.5, **asked: Any
) -> tuple[Any, str]:
    """Make a run, in an experiment of its own, whose model is to be registered.

    Args:
        uri: The tracking URI.
        folder: A model in MLflow's format.
        registered: The registered model's name.
        name: The model's name in the run.
        f1: A metric of the run.
        asked: What else is asked of the registry, as of ``Registration``.

    Returns:
        A client, and the run's id.
    """
    client = store.connect(uri)
    experiment = client.create_experiment(f"trained {new_id()}")
    run_id = client.create_run(experiment).info.run_id
    client.log_metric(run_id, "f1", f1, synchronous=True)
    text = Registration(registered, **asked).to_text()
    entry = logged_models.model_entry(folder, name, tags={logged_models.REGISTER_TAG: text})
    with store.artifacts_at(uri):
        logged_models.log(client, run_id, entry)
    return client, run_id


def loads_runs_uri(uri: str, run_id: str) -> bool:
    """Whether MLflow by itself loads the run's model.

    The first clients of MLflow 3 fail at servers without logged models; that is theirs.
    """
    import mlflow

    mlflow.set_tracking_uri(uri)
    try:
        model = mlflow.sklearn.load_model(f"runs:/{run_id}/model")
    except mlflow.MlflowException:
        if mlflow_version.major_minor(mlflow.__version__) >= LOADS:
            raise
        return True
    return bool(model.predict([[1.0]]).tolist() == [1])


def warnings(caplog: Any) -> list[str]:
    """What the plugin has warned about."""
    records = [item for item in caplog.records if item.name.startswith("mlflow_on_kedro")]
    return [item.getMessage() for item in records if item.levelname == "WARNING"]
