"""Print what MLflow holds of a project's run, as JSON.

Runs in any environment that has MLflow.
"""

# ruff: noqa: T201 - a script speaks to who has started it
from __future__ import annotations

import hashlib
import json
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient


def read(uri: str, experiment: str, rows: Any) -> dict[str, Any]:
    """Read the run that an experiment has.

    Args:
        uri: The tracking URI.
        experiment: The experiment's name.
        rows: What models are to predict.
    """
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id])
    return {
        "status": run.info.status,
        "params": run.data.params,
        "metrics": {
            key: sorted([p.step, p.value] for p in client.get_metric_history(run.info.run_id, key))
            for key in run.data.metrics
        },
        "artifacts": dict(_artifacts(client, run.info.run_id, rows)),
        "models": dict(_models(client, found.experiment_id, run.info.run_id, rows)),
    }


def _artifacts(client: MlflowClient, run_id: str, rows: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        for path in _paths(client, run_id, None):
            file = Path(client.download_artifacts(run_id, path, folder))
            yield path, _content(file, rows)


def _paths(client: MlflowClient, run_id: str, folder: str | None) -> Any:
    for item in client.list_artifacts(run_id, folder):
        if not item.is_dir:
            yield item.path
        elif not _is_model(client, run_id, item.path):
            yield from _paths(client, run_id, item.path)


def _is_model(client: MlflowClient, run_id: str, folder: str) -> bool:
    return any(item.path.endswith("/MLmodel") for item in client.list_artifacts(run_id, folder))


def _content(file: Path, rows: Any) -> Any:
    """What is compared: predictions of a pickled model, else the digest of the bytes."""
    content = file.read_bytes()
    if file.suffix == ".pkl":
        value = pickle.loads(content)  # noqa: S301 - written by our own test project
        return _predicted(value, rows) if hasattr(value, "predict") else repr(value)
    return hashlib.sha256(content).hexdigest()


def _models(client: MlflowClient, experiment_id: str, run_id: str, rows: Any) -> Any:
    for model in client.search_logged_models([experiment_id]):
        if model.source_run_id == run_id:
            loaded = mlflow.pyfunc.load_model(f"models:/{model.model_id}")
            yield model.name, _predicted(loaded, rows)
    # As earlier MLflows had them: folders among the artifacts.
    for item in client.list_artifacts(run_id):
        if item.is_dir and _is_model(client, run_id, item.path):
            loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/{item.path}")
            yield item.path, _predicted(loaded, rows)


def _predicted(model: Any, rows: Any) -> list[float]:
    given = pd.DataFrame(rows) if isinstance(rows[0], dict) else rows
    predicted = model.predict(given)
    values = predicted.to_numpy().ravel() if hasattr(predicted, "to_numpy") else predicted
    return [round(float(value), 9) for value in values]


if __name__ == "__main__":
    print(f"\n{json.dumps(read(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))}")
