"""The mlflow.yml of kedro-mlflow: which of its keys is which here, for a message that says so."""

from __future__ import annotations

# https://kedro-mlflow.readthedocs.io/en/stable/source/02_getting_started/01_installation/
_HERE = {
    "server": "tracking",
    "server.mlflow_tracking_uri": "tracking.uri",
    "server.mlflow_registry_uri": "tracking.registry_uri",
    "server.credentials": "tracking.credentials",
    "server.request_header_provider": "tracking.request_headers",
    "tracking.disable_tracking": "disabled_pipelines",
    "tracking.experiment": "experiment",
    "tracking.run": "run",
    "tracking.params": "params",
}


def hint(key: str) -> str | None:
    """Say what a key of kedro-mlflow is here; None for any other key.

    Example:
        >>> hint("tracking.run")
        "It is kedro-mlflow's; here it is 'run' (docs/from-kedro-mlflow.md has them all)."
    """
    here = _HERE.get(key)
    if here is None:
        return None
    return f"It is kedro-mlflow's; here it is '{here}' (docs/from-kedro-mlflow.md has them all)."
