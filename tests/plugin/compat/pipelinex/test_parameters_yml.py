"""``HOOKS:`` of PipelineX in parameters.yml, as keys of mlflow.yml."""

from __future__ import annotations

import inspect
from typing import Any

import mlflow_on_kedro
import pytest
import yaml
from mlflow_on_kedro.compat.pipelinex.parameters_yml import _ARGUMENTS, hooks_section
from mlflow_on_kedro.config.parsing import parse

# In the form of its examples.
HOOKS = """
- =: pipelinex.MLflowBasicLoggerHook # Configure and log duration time for the pipeline
  enable_mlflow: True
  uri: sqlite:///mlruns/sqlite.db
  experiment_name: experiment_001
  artifact_location: ./mlruns/experiment_001
  offset_hours: 0
- =: pipelinex.MLflowArtifactsLoggerHook
  enable_mlflow: True
  filepaths_before_pipeline_run:
    - conf/base/parameters.yml
  datasets_after_node_run:
    - model
  filepaths_after_pipeline_run: # None
- =: pipelinex.MLflowDataSetsLoggerHook
  enable_mlflow: True
- =: pipelinex.MLflowTimeLoggerHook
  enable_mlflow: True
- =: pipelinex.AddTransformersHook
  transformers:
    =: pipelinex.MLflowIOTimeLoggerTransformer
    enable_mlflow: True
"""


def test_example() -> None:
    """The hooks of its examples are sections of mlflow.yml, which the plugin takes as they are."""
    content, notes = hooks_section(yaml.safe_load(HOOKS))
    assert notes == []
    assert content == {
        "tracking": {"uri": "sqlite:///mlruns/sqlite.db"},
        "experiment": {
            "name": "experiment_001",
            "artifact_location": "./mlruns/experiment_001",
        },
        "run": {"offset_hours": 0},
        "artifacts": {
            "before_pipeline_run": ["conf/base/parameters.yml"],
            "after_node_run": ["model"],
        },
        "time": {"io_metrics": True},
    }
    assert parse(content).artifacts.after_node_run == ["model"]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("{=: pipelinex.MLflowBasicLoggerHook, enable_mlflow: false}", {"enabled": False}),
        ("{=: MLflowTimeLoggerHook, enable_mlflow: false}", {"time": {"enabled": False}}),
        ("[{=: pipelinex.MLflowCatalogLoggerHook, auto: false}]", {"catalog": {"auto": False}}),
        (
            (
                "{=: pipelinex.extras.hooks.mlflow.MLflowEnvVarsLoggerHook, "
                "param_env_vars: HOSTNAME, metric_env_vars: []}"
            ),
            {"env_vars": {"params": ["HOSTNAME"]}},
        ),
        (
            "{=: pipelinex.MLflowEnvVarsLoggerHook, param_env_vars: __ALL__}",
            {"env_vars": {"params": ["__ALL__"]}},
        ),
        (
            "{=: pipelinex.MLflowBasicLoggerHook, logging_kedro_run_params: __ALL__}",
            {"run": {"kedro_run_params": "__ALL__"}},
        ),
        (
            (
                "{=: pipelinex.MLflowCatalogLoggerHook, mlflow_catalog: {a: m, b: "
                "{=: pandas.CSVDataSet, filepath: b.csv}}}"
            ),
            {
                "catalog": {
                    "mlflow_catalog": {
                        "a": "m",
                        "b": {"type": "pandas.CSVDataset", "filepath": "b.csv"},
                    }
                }
            },
        ),
        ("{=: pipelinex.AddTransformersHook, transformers: []}", {}),
    ],
)
def test_hooks(text: str, content: dict[str, Any]) -> None:
    """One hook or a list of them, under any of its names; what is not given is left out."""
    assert hooks_section(yaml.safe_load(text)) == (content, [])
    parse(content)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("{=: my_package.hooks.MyHook}", "`from my_package.hooks import MyHook`"),
        ("{=: MyHook}", "`MyHook` is a hook of your own"),
        ("{=: pipelinex.AddCatalogDictHook, catalog_dict: {}}", "make it in Python"),
        ("text", "'text', which is no hook"),
        ("{=: pipelinex.MLflowTimeLoggerHook, task_name_func: {=: my.name}}", "in HOOKS of"),
        ("{=: pipelinex.MLflowTimeLoggerHook, colour: red}", "no such argument"),
        ("{=: pipelinex.MLflowBasicLoggerHook, offset_hours: '(8 + 1)'}", "'run.offset_hours'"),
        ("{=: pipelinex.MLflowBasicLoggerHook, uri: {$: my.uri}}", "'tracking.uri'"),
        ("{=: pipelinex.MLflowBasicLoggerHook, _: [a]}", "by their names"),
        ("{=: pipelinex.AddTransformersHook, transformers: [{=: my.Timer}]}", "my.Timer"),
    ],
)
def test_notes(text: str, note: str) -> None:
    """What cannot be in mlflow.yml is said, with what to do, and nothing wrong is written."""
    content, (said,) = hooks_section(yaml.safe_load(text))
    assert content == {}
    assert note in said


def test_all_arguments() -> None:
    """Each argument of PipelineX that mlflow.yml can have is one of the hook's here, and a key."""
    keys: dict[str, Any] = {}
    for name, arguments in _ARGUMENTS.items():
        assert (
            arguments.keys() <= inspect.signature(getattr(mlflow_on_kedro, name)).parameters.keys()
        )
        for key in arguments.values():
            section, _, last = key.rpartition(".")
            (keys.setdefault(section, {}) if section else keys)[last] = None
    defaults = parse({})
    for section, names in keys.items():
        assert names is None or all(hasattr(getattr(defaults, section), name) for name in names)
