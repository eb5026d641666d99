"""The environment variables that the plugin only reads: its own, MLflow's switches, and others.

Variables that it also sets have modules of their own: ``run_variables``, ``client_variables`` and
``session_variables``. ``tracking.orchestrators`` reads those of orchestrators.
"""

from __future__ import annotations

import math
import os

from ..errors import ConfigError

HOME = "MLFLOW_ON_KEDRO_HOME"
RUN_KEY = "MLFLOW_ON_KEDRO_RUN_KEY"
MODE = "MLFLOW_ON_KEDRO_MODE"

_INTERVAL = "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"


def mode() -> str | None:
    """Return ``MLFLOW_ON_KEDRO_MODE``: ``online`` or ``offline``, which overrides mlflow.yml."""
    return os.environ.get(MODE) or None


def home() -> str | None:
    """Return ``MLFLOW_ON_KEDRO_HOME``: where projects' working folders are, if not in projects."""
    return os.environ.get(HOME) or None


def run_key() -> str | None:
    """Return ``MLFLOW_ON_KEDRO_RUN_KEY``: the same text for all processes that share a run."""
    return os.environ.get(RUN_KEY) or None


def registry_uri() -> str | None:
    """Return ``MLFLOW_REGISTRY_URI``."""
    return os.environ.get("MLFLOW_REGISTRY_URI") or None


def run_name() -> str | None:
    """Return ``MLFLOW_RUN_NAME``, which platforms set for the code that starts a run."""
    return os.environ.get("MLFLOW_RUN_NAME") or None


def logs_system_metrics() -> bool:
    """Whether ``MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING`` is true."""
    return _is_true("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING")


def system_metrics_interval() -> float | None:
    """Return ``MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL``, in seconds.

    Raises:
        ConfigError: The value is not a positive number.
    """
    given = os.environ.get(_INTERVAL)
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise ConfigError(
            f"The environment variable {_INTERVAL} must be a number of seconds: {given!r}"
        )
    return seconds


def system_metrics_node_id() -> str | None:
    """Return ``MLFLOW_SYSTEM_METRICS_NODE_ID``, which tells the machines of one run apart."""
    return os.environ.get("MLFLOW_SYSTEM_METRICS_NODE_ID") or None


def switches_autolog_on() -> bool:
    """Whether the platform calls ``mlflow.autolog()`` by itself, as Databricks does.

    It does so when a notebook is attached to a cluster
    (https://docs.databricks.com/mlflow/databricks-autologging.html), and sets this variable there.
    """
    return "DATABRICKS_RUNTIME_VERSION" in os.environ


def allows_pickle() -> bool:
    """Whether ``MLFLOW_ALLOW_PICKLE_DESERIALIZATION`` allows pickled models: it is not false."""
    given = os.environ.get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true")
    return given.lower() not in {"false", "0"}


def allows_file_store() -> bool:
    """Whether ``MLFLOW_ALLOW_FILE_STORE`` is true: MLflow may track to folders, as before 3.13."""
    return _is_true("MLFLOW_ALLOW_FILE_STORE")


def value(name: str) -> str | None:
    """Return the value of any environment variable."""
    return os.environ.get(name)


def names() -> list[str]:
    """Return the names of all environment variables."""
    return sorted(os.environ)


def _is_true(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"true", "1"}
