"""The project's configuration, as commands read it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from mlflow_on_kedro.commands.project import project_settings
from mlflow_on_kedro.errors import ConfigError

NODES = """
from kedro.pipeline import pipeline

def create_pipeline():
    return pipeline([])
"""
TEXT = "register_new_resolver() is deprecated and will be removed in a future release."


def test_warnings(make_project: Any) -> None:
    """Kedro's about OmegaConf is not shown, which nobody can mend; the same of others' code is."""
    from kedro.framework.startup import bootstrap_project

    project = make_project(NODES)
    bootstrap_project(project.root)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        project_settings(project.root, None)
        for module in ("kedro.config.omegaconf_config", "wine.resolvers"):
            warnings.warn_explicit(TEXT, UserWarning, f"{module}.py", 1, module)
    assert [item.filename for item in shown if TEXT in str(item.message)] == ["wine.resolvers.py"]


def test_a_project_that_imports_kedro_mlflow(make_project: Any) -> None:
    """The message names the command that rewrites the import."""
    from kedro.framework.startup import bootstrap_project

    project = make_project(NODES, settings="from kedro_mlflow.framework.hooks import MlflowHook\n")
    bootstrap_project(project.root)
    with pytest.raises(ConfigError, match="`kedro mlflow migrate` rewrites that"):
        project_settings(project.root, None)
