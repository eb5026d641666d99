"""MLflow's own errors, made by the plugin."""

from __future__ import annotations


def not_found(message: str) -> Exception:
    """Make MLflow's error for something that does not exist."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

    return MlflowException(message, RESOURCE_DOES_NOT_EXIST)
