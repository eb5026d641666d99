"""The keys of kedro-mlflow's mlflow.yml, and their names in this plugin's, for messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# https://kedro-mlflow.readthedocs.io/en/stable/source/02_getting_started/01_installation/
_NEW_NAMES = {
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
    # Before kedro-mlflow 0.8; keys that are not listed here had the names that they have now.
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
_SECTIONS = {old[:end] for old in _NEW_NAMES for end, sign in enumerate(old) if sign == "."}


def renamed(key: str, value: Any) -> dict[str, str | None]:
    """Return this plugin's names for a key of kedro-mlflow and for each key below it.

    Args:
        key: The key with its section, such as ``server.mlflow_tracking_uri``.
        value: Its value.

    Returns:
        Each key of kedro-mlflow with its name here, or None if this plugin does not need it. Empty
        for a key that is not kedro-mlflow's.

    Example:
        >>> renamed("server", {"mlflow_tracking_uri": "mlruns"})
        {'server.mlflow_tracking_uri': 'tracking.uri'}
    """
    if key in _NEW_NAMES:
        return {key: _NEW_NAMES[key]}
    if key not in _SECTIONS:
        return {}
    found: dict[str, str | None] = {}
    for name, below in value.items() if isinstance(value, Mapping) else ():
        found.update(renamed(f"{key}.{name}", below) or {f"{key}.{name}": None})
    return found or {key: None}
