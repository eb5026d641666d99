"""What PipelineX reads from parameters.yml, such as ``HOOKS:``, as keys of mlflow.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..kedro_names import modern
from .hatch_dict import OBJECT, POSITIONAL, REFERENCE, has_objects, is_object
from .names import name_of

HOOKS = "HOOKS"
"""The key of parameters.yml with the hooks."""

OTHER_KEYS: Mapping[str, str] = {
    "PIPELINES": "make the pipelines in pipeline_registry.py, with `kedro.pipeline.Pipeline`",
    "RUN_CONFIG": "give these to `kedro run`, as `--runner` or `--tags`; `kedro run --config FILE` "
    "reads them from a file",
    "IMPORT": "import the modules where they are used",
}
"""The other keys of parameters.yml that PipelineX takes for itself -> what to do instead.

Kedro takes them for parameters of the project.
"""


class HooksChange(NamedTuple):
    """What becomes of the hooks in parameters.yml.

    Attributes:
        content: The content of mlflow.yml: section -> key -> value.
        notes: What the user has to know or to do.
    """

    content: dict[str, Any]
    notes: list[str]


def hooks_section(hooks: Any) -> HooksChange:
    """Translate ``HOOKS:``.

    Args:
        hooks: The value of the key: a list of hooks, or one. It is not changed.

    Returns:
        The content of mlflow.yml in the same environment, where `mlflow_hooks()` is in HOOKS of
        settings.py. Arguments that are not given, or empty, are left out.

    Example:
        >>> hook = {"=": "pipelinex.MLflowBasicLoggerHook", "experiment_name": "demo"}
        >>> hooks_section([hook]).content
        {'experiment': {'name': 'demo'}}
    """
    change = HooksChange({}, [])
    for hook in hooks if isinstance(hooks, list) else [hooks]:
        path = hook.get(OBJECT) if isinstance(hook, Mapping) else None
        if not isinstance(path, str):
            change.notes.append(f"{HOOKS} has {hook!r}, which is no hook: leave it out")
            continue
        name = name_of(path)
        if name is None:
            package, _, own = path.rpartition(".")
            change.notes.append(
                f"`{path}` is a hook of your own: put it into HOOKS of settings.py, with "
                f"`from {package} import {own}`"
                if package
                else f"`{path}` is a hook of your own: put it into HOOKS of settings.py"
            )
        elif name == "AddTransformersHook":
            _add_transformers(hook.get("transformers"), change)
        elif name in _ARGUMENTS:
            _add_hook(name, hook, change)
        elif name not in _WITHOUT_ARGUMENTS:
            change.notes.append(f"PipelineX's `{name}` cannot be in mlflow.yml: make it in Python")
    return change


def _add_hook(name: str, hook: Mapping[str, Any], change: HooksChange) -> None:
    if POSITIONAL in hook:
        change.notes.append(f"`{name}`: give the arguments under `{POSITIONAL}:` by their names")
    for argument, value in hook.items():
        if argument in {OBJECT, POSITIONAL}:
            continue
        key = _ARGUMENTS[name].get(argument)
        if argument == "mlflow_catalog" and isinstance(value, Mapping):
            value = {item: _plain_dataset(given) for item, given in value.items()}  # noqa: PLW2901
        if key is None:
            todo = _IN_PYTHON.get(argument, "it is left out, because the hook has no such argument")
            change.notes.append(f"`{argument}` of `{name}`: {todo}")
        elif has_objects(value):
            change.notes.append(
                f"`{argument}` of `{name}` is a Python object in YAML: write its value as '{key}' "
                "into mlflow.yml, or give it to the hook in Python"
            )
        elif _is_given(value) and not (argument == _ENABLED and value):
            section, _, name_here = key.rpartition(".")
            place = change.content.setdefault(section, {}) if section else change.content
            place[name_here] = _as_list(value) if name_here in _LISTS else value


def _add_transformers(transformers: Any, change: HooksChange) -> None:
    for item in transformers if isinstance(transformers, list) else [transformers]:
        path = item.get(OBJECT) if isinstance(item, Mapping) else None
        if isinstance(path, str) and name_of(path) == "MLflowIOTimeLoggerTransformer":
            if item.get(_ENABLED, True):
                change.content.setdefault("time", {})["io_metrics"] = True
        elif item is not None:
            change.notes.append(
                f"Kedro has no transformers any more: write {path or item!r} as a hook with "
                "`before_dataset_loaded` and `after_dataset_saved`"
            )


def _plain_dataset(given: Any) -> Any:
    """Return a dataset of ``mlflow_catalog`` as in a catalog, where its class is the ``type``."""
    if not isinstance(given, Mapping) or REFERENCE in given or not is_object(given):
        return given
    rest = {key: value for key, value in given.items() if key != OBJECT}
    return modern({"type": given[OBJECT], **rest})


def _is_given(value: Any) -> bool:
    return value is not None and value not in ([], {}, "")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ENABLED = "enable_mlflow"
_LISTS = frozenset(
    {"before_pipeline_run", "after_pipeline_run", "after_node_run", "params", "metrics"}
)

_ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    "MLflowBasicLoggerHook": {
        # Without the hook that opens the run, PipelineX logs to none.
        _ENABLED: "enabled",
        "uri": "tracking.uri",
        "experiment_name": "experiment.name",
        "artifact_location": "experiment.artifact_location",
        "run_name": "run.name",
        "run_id": "run.id",
        "nested": "run.nested",
        "tags": "run.tags",
        "offset_hours": "run.offset_hours",
        "enable_logging_time_begin": "run.log_time_begin",
        "enable_logging_time_end": "run.log_time_end",
        "enable_logging_time": "run.log_time",
        "logging_kedro_run_params": "run.kedro_run_params",
    },
    "MLflowCatalogLoggerHook": {
        _ENABLED: "catalog.enabled",
        "auto": "catalog.auto",
        "mlflow_catalog": "catalog.mlflow_catalog",
    },
    "MLflowArtifactsLoggerHook": {
        _ENABLED: "artifacts.enabled",
        "filepaths_before_pipeline_run": "artifacts.before_pipeline_run",
        "filepaths_after_pipeline_run": "artifacts.after_pipeline_run",
        "datasets_after_node_run": "artifacts.after_node_run",
    },
    "MLflowEnvVarsLoggerHook": {
        _ENABLED: "env_vars.enabled",
        "param_env_vars": "env_vars.params",
        "metric_env_vars": "env_vars.metrics",
        "prefix": "env_vars.prefix",
    },
    "MLflowTimeLoggerHook": {
        _ENABLED: "time.enabled",
        "gantt_filepath": "time.gantt_filepath",
        "gantt_params": "time.gantt_params",
        "metric_name_prefix": "time.prefix",
        "time_log_filepath": "time.time_log_filepath",
        "enable_plotly": "time.gantt",
    },
}
"""A hook -> its arguments -> the keys of mlflow.yml."""

_IN_PYTHON = {
    "task_name_func": "a function cannot be in mlflow.yml: give it to `MLflowTimeLoggerHook` in "
    "HOOKS of settings.py"
}

# The hook for automatic logging does what these did, and is always on.
_WITHOUT_ARGUMENTS = frozenset({"MLflowDataSetsLoggerHook", "MLflowOutputsLoggerHook"})
