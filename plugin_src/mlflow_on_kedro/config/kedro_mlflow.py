"""The mlflow.yml of kedro-mlflow: which of its keys is which here, for messages that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# https://kedro-mlflow.readthedocs.io/en/stable/source/02_getting_started/01_installation/
_HERE = {
    "server.mlflow_tracking_uri": "tracking.uri",
    "server.mlflow_registry_uri": "tracking.registry_uri",
    "server.credentials": "tracking.credentials",
    "server.request_header_provider.type": "tracking.request_headers.type",
    "server.request_header_provider.pass_context": None,
    "server.request_header_provider.init_kwargs": "tracking.request_headers",
    "tracking.disable_tracking.pipelines": "disabled_pipelines",
    "tracking.disable_tracking.disable_autologging": None,  # off, unless `autolog` says otherwise
    "tracking.experiment.name": "experiment.name",
    "tracking.experiment.create_experiment_kwargs.artifact_location": (
        "experiment.artifact_location"
    ),
    "tracking.experiment.create_experiment_kwargs.tags": "experiment.tags",
    "tracking.experiment.restore_if_deleted": "experiment.restore_if_deleted",
    "tracking.run.id": "run.id",
    "tracking.run.name": "run.name",
    "tracking.run.nested": "run.nested",
    "tracking.params.dict_params.flatten": "params.flatten",
    "tracking.params.dict_params.recursive": "params.recursive",
    "tracking.params.dict_params.sep": "params.separator",
    "tracking.params.long_params_strategy": "params.too_long",
    # Before its 0.8; what is not listed here had the name that it has now.
    "mlflow_tracking_uri": "tracking.uri",
    "credentials": "tracking.credentials",
    "disable_tracking.pipelines": "disabled_pipelines",
    "experiment.create": None,
    "hooks.flatten_dict_params": "params.flatten",
    "hooks.recursive": "params.recursive",
    "hooks.sep": "params.separator",
    "hooks.node.flatten_dict_params": "params.flatten",
    "hooks.node.recursive": "params.recursive",
    "hooks.node.sep": "params.separator",
    "hooks.node.long_parameters_strategy": "params.too_long",
}
_SECTIONS = {old[:end] for old in _HERE for end, sign in enumerate(old) if sign == "."}


def renamed(key: str, value: Any) -> dict[str, str | None]:
    """Say what a key of kedro-mlflow, and each one below it, is here.

    Args:
        key: The key with those above it, by dots.
        value: What it is set to.

    Returns:
        Each key, with its name here, or None if it is not needed here. Nothing for a key that is
        not kedro-mlflow's.

    Example:
        >>> renamed("server", {"mlflow_tracking_uri": "mlruns"})
        {'server.mlflow_tracking_uri': 'tracking.uri'}
    """
    if key in _HERE:
        return {key: _HERE[key]}
    if key not in _SECTIONS:
        return {}
    found: dict[str, str | None] = {}
    for name, below in value.items() if isinstance(value, Mapping) else ():
        found.update(renamed(f"{key}.{name}", below) or {f"{key}.{name}": None})
    return found or {key: None}
